"""Vocabulary of the laundry room: washers and dryers."""

from __future__ import annotations

from recsys_lib.data.sample.kinds import Machine, things

WASHER = Machine(
    said="washer",
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
    parts=things("""
        Washer Drain Pump | Pumps | pump | 18-60 | Empties the tub quickly
        Washer Door Boot Seal | Gaskets | ring | 35-110 | Soft grey rubber that stays tight
        Washer Lid Switch | Switches | switch | 8-35 | Tells the washer that the lid is closed
        Washer Water Inlet Valve | Valves | valve | 14-48 | Hot and cold side; Stops slow filling
        Washer Suspension Rod Kit | Suspension | rods | 22-70 | Set of four rods with springs
        Washer Agitator Dogs | Agitators | gear | 5-14 | Pack of four; Makes the agitator turn again
        Washer Drive Belt | Belts | belt | 9-30 | Ribbed rubber that does not slip
        Washer Control Board | Control Boards | board | 80-240 | Tested before shipping
    """),
    consumables=things("""
        Washer Pump Filter | Filters | mesh | 7-22 | Catches coins and lint; Twist in by hand
        Washer Lint Screen | Filters | mesh | 6-18 | Fine nylon net; Keeps lint out of the drain
        Washer Detergent Cartridge | Cleaners | bottle | 12-34 | Fits the automatic dispenser
    """),
    universals=things("""
        Tub Cleaning Tablets | Cleaners | tablets | 8-25 | Dissolves residue and odour; Septic safe
        Stainless Steel Washer Hoses | Hoses | hose | 12-32 | Burst proof braided steel
        Anti Vibration Pads | Accessories | pads | 10-28 | Non slip rubber feet
    """),
)

DRYER = Machine(
    said="dryer",
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
    parts=things("""
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
    consumables=things("""
        Dryer Lint Screen | Filters | mesh | 9-26 | Fine mesh that catches more lint
        Dryer Lint Filter Cover | Filters | mesh | 7-19 | Slim grille; Snaps on without tools
        Heat Pump Dryer Foam Filter | Filters | mesh | 8-24 | Washable sponge
    """),
    universals=things("""
        Dryer Vent Hose Kit | Vents | hose | 12-36 | Four inch aluminium duct, 8 feet
        Dryer Vent Cleaner Kit | Cleaners | brush | 14-35 | Flexible brush rods up to 30 feet
        Wool Dryer Balls | Accessories | tablets | 9-22 | Six large balls; Softens without chemicals
    """),
)
