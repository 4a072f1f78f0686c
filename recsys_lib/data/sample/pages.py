"""Texts of product pages: of machines, parts, and products for any brand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from recsys_lib.data.sample import phrases
from recsys_lib.data.sample.product_types import (
    NO_BRAND_COLOUR,
    PART_MAKERS,
    Brand,
    Machine,
    PartType,
)

_PACKS = ("", "", "", "", " (Pack of 2)", " (Pack of 3)", " - Upgraded", " - 2 Year Warranty")


@dataclass(frozen=True)
class Page:
    """Contents of a product page; ``colour`` (``#rrggbb``) is for its picture."""

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
    """The page of a machine in one of its styles."""
    name, (size, width) = machine.styles[style], machine.sizes[style]
    low, high = machine.price
    claims = random.sample(machine.claims, 3)
    wide = f"{width:g} Inch {machine.spoken_name.title()}"
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
    machine: Machine, part: PartType, brand: Brand, models: list[str], random: Random
) -> Page:
    """The page of a part or consumable for some of a family's ``models``."""
    maker = brand.name if random.random() < 0.4 else random.choice(PART_MAKERS)
    number = f"{brand.code}{random.choice('PWE')}{random.randint(10**6, 10**8):07d}"
    fits = random.sample(models, min(len(models), random.randint(2, 5)))
    by = "Genuine" if maker == brand.name else f"{maker} Replacement"
    machines = f"{brand.name} {machine.spoken_name.title()}s"
    return Page(
        title=f"{part.name} {number} {by} for {machines} {', '.join(fits[:2])}"
        f"{random.choice(_PACKS)}",
        store=maker,
        price=_price(part, random),
        colour=brand.colour,
        features=[
            *part.claims,
            f"Replaces {number}, {_other_number(random)} and {_other_number(random)}",
            f"Fits {brand.name} models {', '.join(fits)}",
        ],
        description=[
            f"{part.name} for {brand.name} {machine.spoken_name}s. {random.choice(part.claims)}. "
            "Please check your model number before ordering."
        ],
        categories=_categories(machine, part),
        details={
            "Brand": maker,
            "Compatible Brand": brand.name,
            "Part Number": number,
            "Compatible Models": ", ".join(fits),
            "Item Weight": f"{random.randint(1, 60) / 10} pounds",
        },
    )


def universal_page(machine: Machine, part: PartType, random: Random) -> Page:
    """The page of a product for any brand."""
    maker = random.choice(PART_MAKERS)
    number = f"U{random.randint(10**4, 10**5)}"
    return Page(
        title=f"{part.name} by {maker}, Universal, {number}{random.choice(_PACKS)}",
        store=maker,
        price=_price(part, random),
        colour=NO_BRAND_COLOUR,
        features=[*part.claims, f"For {machine.spoken_name}s of all brands"],
        description=[f"{part.name} for every household. {random.choice(part.claims)}."],
        categories=_categories(machine, part),
        details={"Brand": maker, "Part Number": number, "Compatible Brand": "Universal"},
    )


def translated(page: Page, machine: Machine, part: PartType | None, random: Random) -> Page:
    """The page with title and description in another language than English."""
    language = random.randrange(len(phrases.LANGUAGES))
    title = phrases.PART_TITLES[language] if part else phrases.MACHINE_TITLE
    details = page.details
    words = {
        "brand": page.store,
        "name": phrases.NAMES[machine.spoken_name][language],
        "part": details.get("Part Number", ""),
        "model": details.get("Model Number", ""),
        "size": details.get("Capacity", ""),
    }
    return replace(page, title=title.format(**words), description=[phrases.DESCRIPTIONS[language]])


def _categories(machine: Machine, part: PartType) -> list[str]:
    parts = f"{machine.spoken_name.title()} Parts & Accessories"
    return ["Appliances", "Parts & Accessories", parts, part.category]


def _price(part: PartType, random: Random) -> float:
    return round(random.uniform(*part.price)) - 0.01


def _other_number(random: Random) -> str:
    return f"{random.choice(('AP', 'PS', 'EA'))}{random.randint(10**6, 10**7)}"
