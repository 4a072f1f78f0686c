"""Machines of the sample, and what households buy for them: data only."""

from __future__ import annotations

from recsys_lib.data.sample.product_types import Machine, part_types

WASHER = Machine(
    spoken_name="washer",
    code="WM",
    icon="washer",
    share=1.0,
    price=(450, 1300),
    categories=("Appliances", "Laundry Appliances", "Washers & Dryers", "Washing Machines"),
    styles=(
        "Front Load Washing Machine",
        "Top Load Washing Machine",
        "Compact Washing Machine",
        "High Efficiency Washing Machine",
        "Portable Washing Machine",
    ),
    sizes=(
        ("4.5 cu. ft.", 27),
        ("5.0 cu. ft.", 27.5),
        ("2.4 cu. ft.", 24),
        ("4.8 cu. ft.", 27),
        ("1.6 cu. ft.", 20),
    ),
    claims=(
        "Steam cycle lifts stains and removes 99% of allergens from clothes",
        "Direct drive motor washes quietly and shakes very little",
        "Quick wash cleans a small load of laundry in 15 minutes",
        "Self clean cycle keeps the stainless steel drum fresh",
        "Cold wash saves energy and is gentle on dark clothes",
        "Automatic detergent dispenser doses up to 20 loads of laundry",
        "Delay start washes at night when power is cheap",
    ),
    parts=part_types("""
        Washer Drain Pump | Pumps | pump | 18-60 | Empties the tub quickly
        Washer Door Boot Seal | Gaskets | ring | 35-110 | Soft grey rubber that stays tight
        Washer Lid Switch | Switches | switch | 8-35 | Tells the washer that the lid is closed
        Washer Water Inlet Valve | Valves | valve | 14-48 | Hot and cold side; Stops slow filling
        Washer Suspension Rod Kit | Suspension | rods | 22-70 | Set of four rods with springs
        Washer Agitator Dogs | Agitators | gear | 5-14 | Pack of four; Makes the agitator turn again
        Washer Drive Belt | Belts | belt | 9-30 | Ribbed rubber that does not slip
        Washer Control Board | Control Boards | board | 80-240 | Tested before shipping
    """),
    consumables=part_types("""
        Washer Pump Filter | Filters | mesh | 7-22 | Catches coins and lint; Twist in by hand
        Washer Lint Screen | Filters | mesh | 6-18 | Fine nylon net; Keeps lint out of the drain
        Washer Detergent Cartridge | Cleaners | bottle | 12-34 | Fits the automatic dispenser
    """),
    universals=part_types("""
        Tub Cleaning Tablets | Cleaners | tablets | 8-25 | Dissolves residue and odour; Septic safe
        Stainless Steel Washer Hoses | Hoses | hose | 12-32 | Burst proof braided steel
        Anti Vibration Pads | Accessories | pads | 10-28 | Non slip rubber feet
    """),
)

DRYER = Machine(
    spoken_name="dryer",
    code="DR",
    icon="dryer",
    share=0.95,
    price=(420, 1200),
    categories=("Appliances", "Laundry Appliances", "Washers & Dryers", "Clothes Dryers"),
    styles=(
        "Electric Clothes Dryer",
        "Gas Clothes Dryer",
        "Ventless Heat Pump Dryer",
        "Compact Tumble Dryer",
    ),
    sizes=(("7.4 cu. ft.", 27), ("7.0 cu. ft.", 29), ("4.3 cu. ft.", 24), ("4.0 cu. ft.", 24)),
    claims=(
        "Moisture sensor stops when the clothes are dry",
        "Reversible door opens to either side",
        "Wrinkle care keeps tumbling without heat",
        "Sanitize cycle for towels and bedding",
        "Drum light and a lint alarm",
        "Quick dry for a small load in 30 minutes",
    ),
    parts=part_types("""
        Dryer Drum Belt | Belts | belt | 6-22 | Stretch rubber with five ribs
        Dryer Thermal Fuse | Fuses | fuse | 5-16 | Opens at 196 degrees F
        Dryer Drum Roller Kit | Rollers | wheels | 12-38 | Two rollers, shafts and clips
        Dryer Idler Pulley | Pulleys | pulley | 6-20 | Keeps the belt tight
        Dryer Heating Element | Heating Elements | coil | 22-75 | 5400 watt, 240 volt
        Dryer Igniter | Igniters | fuse | 12-36 | For gas dryers; Glows within a minute
        Dryer Door Catch Kit | Latches | switch | 4-13 | Strike and catch, white
        Dryer Felt Drum Seal | Gaskets | ring | 12-34 | Felt with high heat glue
        Dryer Drive Motor | Motors | pump | 70-190 | 1725 rpm with pulley; Thermally protected
        Dryer Cycling Thermostat | Thermostats | fuse | 8-24 | Cycles at 155 degrees F
    """),
    consumables=part_types("""
        Dryer Lint Screen | Filters | mesh | 9-26 | Fine mesh that catches more lint
        Dryer Lint Filter Cover | Filters | mesh | 7-19 | Slim grille; Snaps on without tools
        Heat Pump Dryer Foam Filter | Filters | mesh | 8-24 | Washable sponge
    """),
    universals=part_types("""
        Dryer Vent Hose Kit | Vents | hose | 12-36 | Four inch aluminium duct, 8 feet
        Dryer Vent Cleaner Kit | Cleaners | brush | 14-35 | Flexible brush rods up to 30 feet
        Wool Dryer Balls | Accessories | tablets | 9-22 | Six large balls; Softens without chemicals
    """),
)

_ICE_AND_COLD = ("Appliances", "Refrigerators, Freezers & Ice Makers")

REFRIGERATOR = Machine(
    spoken_name="refrigerator",
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
    parts=part_types("""
        Refrigerator Water Inlet Valve | Valves | valve | 16-55 | For ice maker and dispenser
        Refrigerator Door Gasket | Gaskets | ring | 35-95 | Magnetic seal; Press in, no screws
        Refrigerator Evaporator Fan Motor | Motors | fan | 20-65 | Quiet 120 volt motor
        Refrigerator Defrost Thermostat | Thermostats | fuse | 8-24 | Clips to the coil
        Refrigerator Door Shelf Bin | Shelves | tray | 15-48 | Clear, holds a gallon of milk
        Refrigerator Crisper Drawer | Shelves | tray | 28-80 | Clear vegetable drawer
        Refrigerator Start Relay | Relays | switch | 9-28 | With capacitor
        Refrigerator LED Light Board | Lights | bulb | 10-32 | Bright white; Plug and go
    """),
    consumables=part_types("""
        Refrigerator Water Filter | Water Filters | filter | 14-55 | Reduces chlorine and lead
        Refrigerator Air Filter | Air Filters | mesh | 8-24 | Active carbon takes odours
        Refrigerator Water Filter 3 Pack | Water Filters | filter | 32-90 | Carbon block, 18 months
    """),
    universals=part_types("""
        Refrigerator Coil Brush | Cleaners | brush | 7-18 | 28 inches, bends everywhere; Saves power
        Fridge Water Line Kit | Hoses | hose | 11-30 | 25 feet of braided line; With saddle valve
        Fridge Thermometer | Accessories | gauge | 6-18 | Large dial; Hangs or stands
    """),
)

FREEZER = Machine(
    spoken_name="freezer",
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
    parts=part_types("""
        Freezer Lid Gasket | Gaskets | ring | 32-85 | Magnetic seal; Keeps frost out
        Freezer Basket | Shelves | tray | 15-42 | Coated steel wire; Lifts out
        Freezer Defrost Timer | Timers | gauge | 14-38 | Eight hour cycle; Four terminals
        Freezer Temperature Control | Thermostats | knob | 18-46 | With capillary tube
        Freezer Lid Hinge | Hinges | switch | 14-40 | Spring loaded; Holds the lid open
        Freezer Compressor Relay | Relays | switch | 9-26 | Start device with overload
    """),
    consumables=part_types("""
        Freezer Odor Filter | Air Filters | mesh | 7-20 | Carbon pad; Lasts three months
        Freezer Defrost Mat | Accessories | tray | 10-26 | Cut to fit; Takes up melt water
    """),
    universals=part_types("""
        Freezer Alarm | Accessories | gauge | 14-34 | Rings above 18 degrees F; Two sensors
        Freezer Storage Bins | Accessories | tray | 16-40 | Set of four, stack flat
    """),
)

ICE_MAKER = Machine(
    spoken_name="ice maker",
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
    parts=part_types("""
        Ice Maker Water Valve | Valves | valve | 15-50 | Solenoid valve, 120 volt
        Ice Maker Module | Control Boards | board | 38-110 | With motor and arm
        Ice Maker Water Pump | Pumps | pump | 14-44 | Quiet 12 volt pump; With silicone tube
        Ice Maker Shut Off Arm | Arms | switch | 5-15 | Plastic coated steel; Clips in place
        Ice Maker Fill Tube | Hoses | hose | 7-20 | With heater; No more frozen line
        Ice Bucket Auger | Augers | gear | 18-52 | Moves cubes to the door; Food safe
    """),
    consumables=part_types("""
        Ice Maker Water Filter | Water Filters | filter | 15-48 | Clear ice without taste
        Ice Maker Cleaner | Cleaners | bottle | 9-24 | Nickel safe descaler
        Ice Scoop and Basket Set | Accessories | tray | 8-22 | BPA free; Dishwasher safe
    """),
    universals=part_types("""
        Inline Ice and Water Filter | Water Filters | filter | 16-38 | Ten inch, five year housing
        Ice Maker Supply Line | Hoses | hose | 9-24 | Six feet of braided steel; Drip free
    """),
)

DISHWASHER = Machine(
    spoken_name="dishwasher",
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
    parts=part_types("""
        Dishwasher Lower Rack Wheel | Racks | wheels | 7-26 | Set of eight; Snap on, roll again
        Dishwasher Upper Rack Adjuster | Racks | tray | 14-42 | Metal instead of plastic; Both sides
        Dishwasher Door Seal | Gaskets | ring | 14-42 | Push in rubber; No more puddles
        Dishwasher Circulation Pump | Pumps | pump | 55-170 | Full pressure again; With heater seal
        Dishwasher Spray Arm | Spray Arms | fan | 11-35 | Clean nozzles; Locks with a turn
        Dishwasher Door Latch | Latches | switch | 12-38 | With two switches
        Dishwasher Heating Element | Heating Elements | coil | 22-60 | Stainless tube
        Dishwasher Silverware Basket | Baskets | tray | 13-38 | Lids keep knives apart
    """),
    consumables=part_types("""
        Dishwasher Sump Filter | Filters | mesh | 12-36 | Micro mesh cylinder; Twist out and rinse
        Dishwasher Rinse Aid Cap | Dispensers | knob | 5-14 | Tight again; Quarter turn
        Dishwasher Rack Tip Caps | Racks | tablets | 5-15 | 100 caps against rust; Push on
    """),
    universals=part_types("""
        Dishwasher Cleaner Tablets | Cleaners | tablets | 8-22 | Removes lime and grease
        Dishwasher Connector Kit | Hoses | hose | 11-28 | Five feet with elbow; No leaks
        Dishwasher Clean Dirty Magnet | Accessories | tray | 5-13 | Slides in seconds
    """),
)

_COOKING = ("Appliances", "Ranges, Ovens & Cooktops")

RANGE = Machine(
    spoken_name="oven range",
    code="RG",
    icon="range",
    share=0.65,
    price=(520, 2400),
    categories=(*_COOKING, "Ranges"),
    styles=("Electric Range", "Gas Range", "Induction Range", "Dual Fuel Range"),
    sizes=(
        ("5.3 cu. ft. oven", 30),
        ("5.0 cu. ft. oven", 30),
        ("6.3 cu. ft. oven", 30),
        ("5.7 cu. ft. oven", 36),
    ),
    claims=(
        "True convection bakes on three racks",
        "Air fry without preheating",
        "Five burners, one of 18,000 BTU",
        "Steam clean in half an hour",
        "Warming drawer for plates",
    ),
    parts=part_types("""
        Oven Bake Element | Heating Elements | coil | 18-55 | 2585 watt
        Range Control Knob | Knobs | knob | 6-30 | Metal shaft ring; Clear markings
        Oven Temperature Sensor | Sensors | fuse | 9-28 | 1080 ohm at room temperature
        Oven Igniter | Igniters | fuse | 14-45 | Flat glow bar; With ceramic nuts
        Oven Door Hinge | Hinges | switch | 18-55 | Pair, left and right; Closes softly
        Surface Burner Element | Burners | coil | 12-38 | Coil of four turns; Heats evenly
        Oven Rack | Racks | tray | 20-60 | Chrome wire; Stops before it tips
    """),
    consumables=part_types("""
        Range Drip Pan Set | Drip Pans | pads | 9-28 | Four chrome bowls; Two large, two small
        Oven Light Bulb | Lights | bulb | 5-16 | 40 watt, heat proof
        Stove Burner Grate Feet | Accessories | pads | 5-14 | Rubber, 24 pieces; No scratches
    """),
    universals=part_types("""
        Oven Liner Mat | Accessories | tray | 9-24 | Cut to size; Wipes clean
        Range Power Cord | Cords | hose | 15-38 | Four prong, 50 amp; Six feet
    """),
)

COOKTOP = Machine(
    spoken_name="cooktop",
    code="CT",
    icon="cooktop",
    share=0.4,
    price=(160, 1500),
    categories=(*_COOKING, "Cooktops"),
    styles=("Gas Cooktop", "Induction Cooktop", "Electric Ceramic Cooktop", "Downdraft Cooktop"),
    sizes=(("5 burners", 36), ("4 zones", 30), ("4 elements", 30), ("5 burners", 30)),
    claims=(
        "Boils a pot of water in four minutes",
        "Continuous cast iron grates",
        "Child lock and timers for each zone",
        "Slide touch control",
        "Converts to propane",
    ),
    parts=part_types("""
        Cooktop Burner Cap | Burners | knob | 9-32 | Matte black enamel; Even blue flame
        Cooktop Spark Module | Igniters | board | 24-70 | Six outputs; Ends endless clicking
        Cooktop Grate | Grates | tray | 38-120 | Cast iron; Does not wobble
        Cooktop Igniter Switch Harness | Switches | switch | 18-52 | Sealed switches
        Cooktop Radiant Element | Burners | coil | 28-80 | 2500 watt, dual zone
        Cooktop Control Knob Set | Knobs | knob | 12-40 | Five knobs, stainless look
    """),
    consumables=part_types("""
        Cooktop Cleaning Kit | Cleaners | bottle | 9-24 | Paste, pads and scraper
        Cooktop Burner Liners | Accessories | pads | 7-18 | Reusable foil, pack of ten
    """),
    universals=part_types("""
        Stove Gap Covers | Accessories | tray | 8-20 | Heat proof silicone, pair
        Induction Cooktop Mat | Accessories | pads | 12-28 | Stops scratches
    """),
)

MICROWAVE = Machine(
    spoken_name="microwave",
    code="MW",
    icon="microwave",
    share=0.7,
    price=(80, 620),
    categories=("Appliances", "Microwave Ovens"),
    styles=(
        "Countertop Microwave Oven",
        "Over the Range Microwave",
        "Built In Microwave Oven",
        "Convection Microwave Oven",
    ),
    sizes=(("1.1 cu. ft.", 20), ("1.7 cu. ft.", 30), ("2.2 cu. ft.", 24), ("1.5 cu. ft.", 22)),
    claims=(
        "Sensor reheats without hot edges",
        "Inverter power thaws evenly",
        "300 CFM fan above the stove",
        "Mute button for quiet nights",
        "Popcorn and potato with one touch",
    ),
    parts=part_types("""
        Microwave Glass Turntable Plate | Turntables | ring | 14-44 | Tempered glass
        Microwave Turntable Motor | Motors | pump | 9-24 | Slow synchronous motor
        Microwave Door Switch Set | Switches | switch | 7-20 | Three switches
        Microwave Magnetron | Magnetrons | board | 48-140 | 1000 watt; Heats like new
        Microwave Door Handle | Handles | switch | 18-56 | With screws
        Microwave Thermal Fuse | Fuses | fuse | 5-14 | For a dead microwave
    """),
    consumables=part_types("""
        Microwave Charcoal Filter | Air Filters | mesh | 8-26 | Takes smoke and odour
        Microwave Grease Filter | Air Filters | mesh | 7-22 | Aluminium mesh, pair; Dishwasher safe
        Microwave Light Bulb | Lights | bulb | 5-14 | Bright LED
    """),
    universals=part_types("""
        Microwave Splatter Cover | Accessories | ring | 7-18 | With vents and grip
        Microwave Steam Cleaner | Cleaners | bottle | 6-15 | Vinegar and water
    """),
)

RANGE_HOOD = Machine(
    spoken_name="range hood",
    code="RH",
    icon="hood",
    share=0.5,
    price=(110, 980),
    categories=("Appliances", "Range Hoods"),
    styles=(
        "Wall Mount Range Hood",
        "Under Cabinet Range Hood",
        "Island Range Hood",
        "Insert Hood",
    ),
    sizes=(("600 CFM", 30), ("280 CFM", 30), ("900 CFM", 36), ("400 CFM", 28)),
    claims=(
        "Three speeds and a boost",
        "Ducted or recirculating",
        "LED lights that dim",
        "Gesture control for messy hands",
        "Quiet at 40 decibels on low",
    ),
    parts=part_types("""
        Range Hood Fan Motor | Motors | fan | 38-120 | Ball bearings; Two or three speeds
        Range Hood Light Switch | Switches | switch | 8-22 | Rocker, three positions
        Range Hood Damper | Vents | valve | 14-36 | Seven inch, no backdraft
        Range Hood Blower Wheel | Fans | fan | 18-48 | Balanced
        Range Hood Control Panel | Control Boards | board | 36-95 | Touch buttons
    """),
    consumables=part_types("""
        Range Hood Grease Filter | Filters | mesh | 12-42 | Aluminium mesh; Dishwasher safe
        Range Hood Charcoal Filter | Filters | filter | 14-44 | Active carbon for ductless hoods
        Range Hood Light Bulb | Lights | bulb | 7-22 | LED, warm white
        Range Hood Baffle Filter | Filters | mesh | 20-58 | Stainless steel; Drains grease
    """),
    universals=part_types("""
        Range Hood Duct Kit | Vents | hose | 18-46 | Six inch, eight feet
        Kitchen Degreaser | Cleaners | bottle | 7-18 | Spray, wait, wipe
    """),
)
