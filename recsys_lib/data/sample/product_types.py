"""Types of products, brands and colours of the sample's shop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """What a product is: a machine, a part or a consumable for one family, or one for any brand."""

    MACHINE = 0
    PART = 1
    CONSUMABLE = 2
    UNIVERSAL = 3


@dataclass(frozen=True)
class Brand:
    """A maker of machines: tier 0 is cheap, 2 expensive; ``share`` is its market share."""

    name: str
    code: str
    tier: int
    colour: str
    share: float


@dataclass(frozen=True)
class PartType:
    """A type of part: name in titles, leaf category, picture, price range, and claims."""

    name: str
    category: str
    icon: str
    price: tuple[float, float]
    claims: tuple[str, ...]

    @property
    def spoken_name(self) -> str:
        """What reviewers call it."""
        return self.name.lower()


def part_types(table: str) -> tuple[PartType, ...]:
    """Read lines of ``name | category | icon | lowest-highest price | claim; claim``."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return tuple(_part_type(*row) for row in rows)


def _part_type(name: str, category: str, icon: str, price: str, claims: str) -> PartType:
    low, high = price.split("-")
    return PartType(name, category, icon, (float(low), float(high)), tuple(claims.split("; ")))


@dataclass(frozen=True)
class Machine:
    """A type of machine, and what households buy for it later.

    Parameters
    ----------
    spoken_name: what reviewers and parts call it, such as "dryer".
    styles: what titles call it; the first ones sell best.
    sizes: (capacity, width in inches) of each style.
    parts, consumables, universals: best-selling first.
    """

    spoken_name: str
    code: str
    icon: str
    share: float
    price: tuple[float, float]
    categories: tuple[str, ...]
    styles: tuple[str, ...]
    sizes: tuple[tuple[str, float], ...]
    claims: tuple[str, ...]
    parts: tuple[PartType, ...]
    consumables: tuple[PartType, ...]
    universals: tuple[PartType, ...]

    def parts_of(self, kind: Kind) -> tuple[PartType, ...]:
        """The parts of one kind; a machine has none of kind MACHINE."""
        return {
            Kind.MACHINE: (),
            Kind.PART: self.parts,
            Kind.CONSUMABLE: self.consumables,
            Kind.UNIVERSAL: self.universals,
        }[kind]


BRANDS = (
    Brand("Halden", "H", 1, "#2f6690", 1.0),
    Brand("Maplecrest", "M", 0, "#b5651d", 0.9),
    Brand("Tidewell", "T", 1, "#2a9d8f", 0.75),
    Brand("Northvale", "N", 2, "#3d405b", 0.6),
    Brand("Oakline", "K", 0, "#7a8450", 0.55),
    Brand("Brixworth", "B", 1, "#a4475a", 0.5),
    Brand("Zentaro", "Z", 0, "#c1553b", 0.45),
    Brand("Arvenne", "A", 2, "#6d597a", 0.4),
    Brand("Corvane", "C", 1, "#457b9d", 0.35),
    Brand("Fjordhus", "F", 2, "#5b7f95", 0.3),
    Brand("Lumora", "L", 0, "#d08c2b", 0.28),
    Brand("Kestrel Home", "S", 1, "#56815a", 0.25),
)

PART_MAKERS = ("FixWright", "SpareHaven", "Partwell", "BlueJay Supply", "DIYmender", "OneTurn")
NO_BRAND_COLOUR = "#6c757d"

COLOURS = ("White", "Stainless Steel", "Black", "Slate", "Black Stainless")
COLOUR_SHARES = (0.38, 0.34, 0.16, 0.07, 0.05)
