"""What the sample's shop sells: the shapes of its vocabulary, its brands and its colours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """A product is a machine, a part or a consumable of one family, or fits any brand."""

    MACHINE = 0
    PART = 1
    CONSUMABLE = 2
    UNIVERSAL = 3


@dataclass(frozen=True)
class Brand:
    """A maker of machines: tier 0 is cheap, 2 dear; ``share`` is its weight in the market."""

    name: str
    code: str
    tier: int
    colour: str
    share: float


@dataclass(frozen=True)
class Thing:
    """A kind of part: its name in titles, its leaf category, picture, price range and claims."""

    name: str
    category: str
    icon: str
    price: tuple[float, float]
    claims: tuple[str, ...]

    @property
    def said(self) -> str:
        """How reviewers call it."""
        return self.name.lower()


def things(table: str) -> tuple[Thing, ...]:
    """Read lines of ``name | category | icon | lowest-highest price | claim; claim``."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return tuple(_thing(*row) for row in rows)


def _thing(name: str, category: str, icon: str, price: str, claims: str) -> Thing:
    low, high = price.split("-")
    return Thing(name, category, icon, (float(low), float(high)), tuple(claims.split("; ")))


@dataclass(frozen=True)
class Machine:
    """A type of machine and everything a household buys for it afterwards.

    Parameters
    ----------
    said: how reviewers and parts call it, such as "dryer".
    styles: what a title calls it; the first ones sell best.
    sizes: (capacity, width in inches) of each style.
    parts, consumables, universals: most wanted first.
    """

    said: str
    code: str
    icon: str
    share: float
    price: tuple[float, float]
    categories: tuple[str, ...]
    styles: tuple[str, ...]
    sizes: tuple[tuple[str, float], ...]
    claims: tuple[str, ...]
    parts: tuple[Thing, ...]
    consumables: tuple[Thing, ...]
    universals: tuple[Thing, ...]

    def things(self, kind: Kind) -> tuple[Thing, ...]:
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
