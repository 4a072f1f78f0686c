"""Vocabulary of water and cold: refrigerators, freezers, ice makers and dishwashers."""

from __future__ import annotations

from recsys_lib.data.sample.kinds import Machine, things

_ICE_AND_COLD = ("Appliances", "Refrigerators, Freezers & Ice Makers")

REFRIGERATOR = Machine(
    said="refrigerator",
    code="RF",
    icon="fridge",
    share=1.2,
    price=(600, 2900),
    categories=(*_ICE_AND_COLD, "Refrigerators"),
    styles=(
        "French Door Refrigerator",
        "Side by Side Refrigerator",
        "Top Freezer Refrigerator",
        "Counter Depth Refrigerator",
        "Mini Fridge",
    ),
    sizes=(
        ("25.5 cu. ft.", 36),
        ("24.8 cu. ft.", 36),
        ("18 cu. ft.", 30),
        ("21.9 cu. ft.", 35.8),
        ("3.2 cu. ft.", 19),
    ),
    claims=(
        "Water and ice at the door",
        "Two cooling circuits keep vegetables crisp",
        "Fingerprint resistant doors",
        "Glass shelves hold spilled milk",
        "Door alarm and holiday mode",
        "LED light on every shelf",
    ),
    parts=things("""
        Refrigerator Water Inlet Valve | Valves | valve | 16-55 | For ice maker and dispenser
        Refrigerator Door Gasket | Gaskets | ring | 35-95 | Magnetic seal; Press in, no screws
        Refrigerator Evaporator Fan Motor | Motors | fan | 20-65 | Quiet 120 volt motor
        Refrigerator Defrost Thermostat | Thermostats | fuse | 8-24 | Clips to the coil
        Refrigerator Door Shelf Bin | Shelves | tray | 15-48 | Clear, holds a gallon of milk
        Refrigerator Crisper Drawer | Shelves | tray | 28-80 | Clear vegetable drawer
        Refrigerator Start Relay | Relays | switch | 9-28 | With capacitor
        Refrigerator LED Light Board | Lights | bulb | 10-32 | Bright white; Plug and go
    """),
    consumables=things("""
        Refrigerator Water Filter | Water Filters | filter | 14-55 | Reduces chlorine and lead
        Refrigerator Air Filter | Air Filters | mesh | 8-24 | Active carbon takes odours
        Refrigerator Water Filter 3 Pack | Water Filters | filter | 32-90 | Carbon block, 18 months
    """),
    universals=things("""
        Refrigerator Coil Brush | Cleaners | brush | 7-18 | 28 inches, bends everywhere; Saves power
        Fridge Water Line Kit | Hoses | hose | 11-30 | 25 feet of braided line; With saddle valve
        Fridge Thermometer | Accessories | gauge | 6-18 | Large dial; Hangs or stands
    """),
)

FREEZER = Machine(
    said="freezer",
    code="FZ",
    icon="freezer",
    share=0.35,
    price=(230, 1200),
    categories=(*_ICE_AND_COLD, "Freezers"),
    styles=("Chest Freezer", "Upright Freezer", "Garage Ready Freezer", "Compact Chest Freezer"),
    sizes=(("7 cu. ft.", 37), ("14 cu. ft.", 28), ("17 cu. ft.", 33), ("3.5 cu. ft.", 22)),
    claims=(
        "Stays cold for two days without power",
        "Lock and power light",
        "Works from 0 to 110 degrees F outside",
        "Baskets lift out",
        "Frost free, never chip ice again",
    ),
    parts=things("""
        Freezer Lid Gasket | Gaskets | ring | 32-85 | Magnetic seal; Keeps frost out
        Freezer Basket | Shelves | tray | 15-42 | Coated steel wire; Lifts out
        Freezer Defrost Timer | Timers | gauge | 14-38 | Eight hour cycle; Four terminals
        Freezer Temperature Control | Thermostats | knob | 18-46 | With capillary tube
        Freezer Lid Hinge | Hinges | switch | 14-40 | Spring loaded; Holds the lid open
        Freezer Compressor Relay | Relays | switch | 9-26 | Start device with overload
    """),
    consumables=things("""
        Freezer Odor Filter | Air Filters | mesh | 7-20 | Carbon pad; Lasts three months
        Freezer Defrost Mat | Accessories | tray | 10-26 | Cut to fit; Takes up melt water
    """),
    universals=things("""
        Freezer Alarm | Accessories | gauge | 14-34 | Rings above 18 degrees F; Two sensors
        Freezer Storage Bins | Accessories | tray | 16-40 | Set of four, stack flat
    """),
)

ICE_MAKER = Machine(
    said="ice maker",
    code="IM",
    icon="icemaker",
    share=0.6,
    price=(90, 950),
    categories=(*_ICE_AND_COLD, "Ice Makers"),
    styles=(
        "Countertop Ice Maker",
        "Nugget Ice Maker",
        "Undercounter Ice Maker",
        "Commercial Ice Maker",
    ),
    sizes=(
        ("26 lb per day", 9.5),
        ("44 lb per day", 11),
        ("80 lb per day", 15),
        ("350 lb per day", 22),
    ),
    claims=(
        "First bullet ice in six minutes",
        "Self cleaning at the touch of a button",
        "Quiet compressor, under 45 decibels",
        "See through window, scoop and basket",
        "Chewable nugget ice",
    ),
    parts=things("""
        Ice Maker Water Valve | Valves | valve | 15-50 | Solenoid valve, 120 volt
        Ice Maker Module | Control Boards | board | 38-110 | With motor and arm
        Ice Maker Water Pump | Pumps | pump | 14-44 | Quiet 12 volt pump; With silicone tube
        Ice Maker Shut Off Arm | Arms | switch | 5-15 | Plastic coated steel; Clips in place
        Ice Maker Fill Tube | Hoses | hose | 7-20 | With heater; No more frozen line
        Ice Bucket Auger | Augers | gear | 18-52 | Moves cubes to the door; Food safe
    """),
    consumables=things("""
        Ice Maker Water Filter | Water Filters | filter | 15-48 | Clear ice without taste
        Ice Maker Cleaner | Cleaners | bottle | 9-24 | Nickel safe descaler
        Ice Scoop and Basket Set | Accessories | tray | 8-22 | BPA free; Dishwasher safe
    """),
    universals=things("""
        Inline Ice and Water Filter | Water Filters | filter | 16-38 | Ten inch, five year housing
        Ice Maker Supply Line | Hoses | hose | 9-24 | Six feet of braided steel; Drip free
    """),
)

DISHWASHER = Machine(
    said="dishwasher",
    code="DW",
    icon="dishwasher",
    share=0.9,
    price=(330, 1250),
    categories=("Appliances", "Dishwashers"),
    styles=(
        "Built In Dishwasher",
        "Portable Dishwasher",
        "Countertop Dishwasher",
        "Drawer Dishwasher",
    ),
    sizes=(
        ("14 place settings", 24),
        ("10 place settings", 18),
        ("6 place settings", 21.6),
        ("7 place settings", 24),
    ),
    claims=(
        "Third rack for forks and spatulas",
        "Only 44 decibels",
        "Dries with an automatically opening door",
        "Soil sensor picks the right cycle",
        "Leak sensor turns off the water",
        "One hour wash and dry",
    ),
    parts=things("""
        Dishwasher Lower Rack Wheel | Racks | wheels | 7-26 | Set of eight; Snap on, roll again
        Dishwasher Upper Rack Adjuster | Racks | tray | 14-42 | Metal instead of plastic; Both sides
        Dishwasher Door Seal | Gaskets | ring | 14-42 | Push in rubber; No more puddles
        Dishwasher Circulation Pump | Pumps | pump | 55-170 | Full pressure again; With heater seal
        Dishwasher Spray Arm | Spray Arms | fan | 11-35 | Clean nozzles; Locks with a turn
        Dishwasher Door Latch | Latches | switch | 12-38 | With two switches
        Dishwasher Heating Element | Heating Elements | coil | 22-60 | Stainless tube
        Dishwasher Silverware Basket | Baskets | tray | 13-38 | Lids keep knives apart
    """),
    consumables=things("""
        Dishwasher Sump Filter | Filters | mesh | 12-36 | Micro mesh cylinder; Twist out and rinse
        Dishwasher Rinse Aid Cap | Dispensers | knob | 5-14 | Tight again; Quarter turn
        Dishwasher Rack Tip Caps | Racks | tablets | 5-15 | 100 caps against rust; Push on
    """),
    universals=things("""
        Dishwasher Cleaner Tablets | Cleaners | tablets | 8-22 | Removes lime and grease
        Dishwasher Connector Kit | Hoses | hose | 11-28 | Five feet with elbow; No leaks
        Dishwasher Clean Dirty Magnet | Accessories | tray | 5-13 | Slides in seconds
    """),
)
