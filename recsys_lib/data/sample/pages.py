"""The words of a product page: a machine, a part for it, or something for any brand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from recsys_lib.data.sample import foreign
from recsys_lib.data.sample.kinds import NO_BRAND_COLOUR, PART_MAKERS, Brand, Machine, Thing

_PACKS = ("", "", "", "", " (Pack of 2)", " (Pack of 3)", " - Upgraded", " - 2 Year Warranty")


@dataclass(frozen=True)
class Page:
    """What a product page says; ``colour`` (``#rrggbb``) is that of its picture."""

    title: str
    store: str
    price: float
    colour: str
    features: list[str]
    description: list[str]
    categories: list[str]
    details: dict[str, str]


def machine_page(
    machine: Machine, brand: Brand, model: str, finish: str, style: int, random: Random
) -> Page:
    """The page of a machine of the style with that number."""
    name, (size, width) = machine.styles[style], machine.sizes[style]
    low, high = machine.price
    claims = random.sample(machine.claims, 3)
    wide = f"{width:g} Inch {machine.said.title()}"
    depth, height = width + random.randint(0, 9), random.randint(14, 70)
    return Page(
        title=f"{brand.name} {name}, {size}, {wide}, {finish}, {model}",
        store=brand.name,
        price=round(low + (high - low) * (brand.tier + random.random()) / 3) - 0.01,
        colour=brand.colour,
        features=[f"{name} with {size}", *claims, f"{finish} finish, {width:g} in. wide"],
        description=[
            f"The {model} is a {name.lower()} by {brand.name}. {random.choice(claims)}.",
            f"It offers {size} and measures {width:g} inches across.",
        ],
        categories=list(machine.categories),
        details={
            "Brand": brand.name,
            "Model Number": model,
            "Color": finish,
            "Capacity": size,
            "Product Dimensions": f'{depth:g}"D x {width:g}"W x {height}"H',
        },
    )


def part_page(
    machine: Machine, thing: Thing, brand: Brand, models: list[str], random: Random
) -> Page:
    """The page of a part or consumable for some of a family's ``models``."""
    maker = brand.name if random.random() < 0.4 else random.choice(PART_MAKERS)
    number = f"{brand.code}{random.choice('PWE')}{random.randint(10**6, 10**8):07d}"
    fits = random.sample(models, min(len(models), random.randint(2, 5)))
    by = "Genuine" if maker == brand.name else f"{maker} Replacement"
    machines = f"{brand.name} {machine.said.title()}s"
    return Page(
        title=f"{thing.name} {number} {by} for {machines} {', '.join(fits[:2])}"
        f"{random.choice(_PACKS)}",
        store=maker,
        price=_price(thing, random),
        colour=brand.colour,
        features=[
            *thing.claims,
            f"Replaces {number}, {_other_number(random)} and {_other_number(random)}",
            f"Fits {brand.name} models {', '.join(fits)}",
        ],
        description=[
            f"{thing.name} for {brand.name} {machine.said}s. {random.choice(thing.claims)}. "
            "Please check your model number before ordering."
        ],
        categories=_categories(machine, thing),
        details={
            "Brand": maker,
            "Compatible Brand": brand.name,
            "Part Number": number,
            "Compatible Models": ", ".join(fits),
            "Item Weight": f"{random.randint(1, 60) / 10} pounds",
        },
    )


def universal_page(machine: Machine, thing: Thing, random: Random) -> Page:
    """The page of something that fits every brand."""
    maker = random.choice(PART_MAKERS)
    number = f"U{random.randint(10**4, 10**5)}"
    return Page(
        title=f"{thing.name} by {maker}, Universal, {number}{random.choice(_PACKS)}",
        store=maker,
        price=_price(thing, random),
        colour=NO_BRAND_COLOUR,
        features=[*thing.claims, f"For {machine.said}s of all brands"],
        description=[f"{thing.name} for every household. {random.choice(thing.claims)}."],
        categories=_categories(machine, thing),
        details={"Brand": maker, "Part Number": number, "Compatible Brand": "Universal"},
    )


def translated(page: Page, machine: Machine, thing: Thing | None, random: Random) -> Page:
    """The page with title and description in a language other than English."""
    language = random.randrange(len(foreign.LANGUAGES))
    title = foreign.PART_TITLES[language] if thing else foreign.MACHINE_TITLE
    details = page.details
    words = {
        "brand": page.store,
        "name": foreign.NAMES[machine.said][language],
        "part": details.get("Part Number", ""),
        "model": details.get("Model Number", ""),
        "size": details.get("Capacity", ""),
    }
    return replace(page, title=title.format(**words), description=[foreign.DESCRIPTIONS[language]])


def _categories(machine: Machine, thing: Thing) -> list[str]:
    parts = f"{machine.said.title()} Parts & Accessories"
    return ["Appliances", "Parts & Accessories", parts, thing.category]


def _price(thing: Thing, random: Random) -> float:
    return round(random.uniform(*thing.price)) - 0.01


def _other_number(random: Random) -> str:
    return f"{random.choice(('AP', 'PS', 'EA'))}{random.randint(10**6, 10**7)}"
