"""Vocabulary of cooking: ranges, cooktops, microwaves and range hoods."""

from __future__ import annotations

from recsys_lib.data.sample.kinds import Machine, things

_COOKING = ("Appliances", "Ranges, Ovens & Cooktops")

RANGE = Machine(
    said="oven range",
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
    parts=things("""
        Oven Bake Element | Heating Elements | coil | 18-55 | 2585 watt
        Range Control Knob | Knobs | knob | 6-30 | Metal shaft ring; Clear markings
        Oven Temperature Sensor | Sensors | fuse | 9-28 | 1080 ohm at room temperature
        Oven Igniter | Igniters | fuse | 14-45 | Flat glow bar; With ceramic nuts
        Oven Door Hinge | Hinges | switch | 18-55 | Pair, left and right; Closes softly
        Surface Burner Element | Burners | coil | 12-38 | Coil of four turns; Heats evenly
        Oven Rack | Racks | tray | 20-60 | Chrome wire; Stops before it tips
    """),
    consumables=things("""
        Range Drip Pan Set | Drip Pans | pads | 9-28 | Four chrome bowls; Two large, two small
        Oven Light Bulb | Lights | bulb | 5-16 | 40 watt, heat proof
        Stove Burner Grate Feet | Accessories | pads | 5-14 | Rubber, 24 pieces; No scratches
    """),
    universals=things("""
        Oven Liner Mat | Accessories | tray | 9-24 | Cut to size; Wipes clean
        Range Power Cord | Cords | hose | 15-38 | Four prong, 50 amp; Six feet
    """),
)

COOKTOP = Machine(
    said="cooktop",
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
    parts=things("""
        Cooktop Burner Cap | Burners | knob | 9-32 | Matte black enamel; Even blue flame
        Cooktop Spark Module | Igniters | board | 24-70 | Six outputs; Ends endless clicking
        Cooktop Grate | Grates | tray | 38-120 | Cast iron; Does not wobble
        Cooktop Igniter Switch Harness | Switches | switch | 18-52 | Sealed switches
        Cooktop Radiant Element | Burners | coil | 28-80 | 2500 watt, dual zone
        Cooktop Control Knob Set | Knobs | knob | 12-40 | Five knobs, stainless look
    """),
    consumables=things("""
        Cooktop Cleaning Kit | Cleaners | bottle | 9-24 | Paste, pads and scraper
        Cooktop Burner Liners | Accessories | pads | 7-18 | Reusable foil, pack of ten
    """),
    universals=things("""
        Stove Gap Covers | Accessories | tray | 8-20 | Heat proof silicone, pair
        Induction Cooktop Mat | Accessories | pads | 12-28 | Stops scratches
    """),
)

MICROWAVE = Machine(
    said="microwave",
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
    parts=things("""
        Microwave Glass Turntable Plate | Turntables | ring | 14-44 | Tempered glass
        Microwave Turntable Motor | Motors | pump | 9-24 | Slow synchronous motor
        Microwave Door Switch Set | Switches | switch | 7-20 | Three switches
        Microwave Magnetron | Magnetrons | board | 48-140 | 1000 watt; Heats like new
        Microwave Door Handle | Handles | switch | 18-56 | With screws
        Microwave Thermal Fuse | Fuses | fuse | 5-14 | For a dead microwave
    """),
    consumables=things("""
        Microwave Charcoal Filter | Air Filters | mesh | 8-26 | Takes smoke and odour
        Microwave Grease Filter | Air Filters | mesh | 7-22 | Aluminium mesh, pair; Dishwasher safe
        Microwave Light Bulb | Lights | bulb | 5-14 | Bright LED
    """),
    universals=things("""
        Microwave Splatter Cover | Accessories | ring | 7-18 | With vents and grip
        Microwave Steam Cleaner | Cleaners | bottle | 6-15 | Vinegar and water
    """),
)

RANGE_HOOD = Machine(
    said="range hood",
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
    parts=things("""
        Range Hood Fan Motor | Motors | fan | 38-120 | Ball bearings; Two or three speeds
        Range Hood Light Switch | Switches | switch | 8-22 | Rocker, three positions
        Range Hood Damper | Vents | valve | 14-36 | Seven inch, no backdraft
        Range Hood Blower Wheel | Fans | fan | 18-48 | Balanced
        Range Hood Control Panel | Control Boards | board | 36-95 | Touch buttons
    """),
    consumables=things("""
        Range Hood Grease Filter | Filters | mesh | 12-42 | Aluminium mesh; Dishwasher safe
        Range Hood Charcoal Filter | Filters | filter | 14-44 | Active carbon for ductless hoods
        Range Hood Light Bulb | Lights | bulb | 7-22 | LED, warm white
        Range Hood Baffle Filter | Filters | mesh | 20-58 | Stainless steel; Drains grease
    """),
    universals=things("""
        Range Hood Duct Kit | Vents | hose | 18-46 | Six inch, eight feet
        Kitchen Degreaser | Cleaners | bottle | 7-18 | Spray, wait, wipe
    """),
)
