"""The assortment: all product types, and families of machines by brand and product line."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from recsys_lib.data.sample import product_tables
from recsys_lib.data.sample.product_types import BRANDS, Kind, Machine, PartType

YEAR_MS = 31_556_952_000
FIRST_DAY = 1_356_998_400_000
"""1 January 2013 UTC in milliseconds: the oldest families are sold from then on."""
LAST_DAY = 1_694_476_800_000
"""12 September 2023 UTC in milliseconds: no review is newer."""

MACHINES: tuple[Machine, ...] = (
    product_tables.WASHER,
    product_tables.DRYER,
    product_tables.REFRIGERATOR,
    product_tables.DISHWASHER,
    product_tables.ICE_MAKER,
    product_tables.RANGE_HOOD,
    product_tables.MICROWAVE,
    product_tables.COOKTOP,
    product_tables.RANGE,
    product_tables.FREEZER,
)
"""A small sample has only the first of them."""


@dataclass(frozen=True)
class ProductType:
    """A type of product: a machine (``part`` is None), or something for a machine."""

    machine: int
    kind: Kind
    part: PartType | None

    @property
    def spoken_name(self) -> str:
        """What reviewers call it."""
        return self.part.spoken_name if self.part else MACHINES[self.machine].spoken_name

    @property
    def icon(self) -> str:
        """The name of its picture."""
        return self.part.icon if self.part else MACHINES[self.machine].icon


def _types_of(index: int, machine: Machine) -> list[ProductType]:
    parts = [ProductType(index, kind, part) for kind in Kind for part in machine.parts_of(kind)]
    return [ProductType(index, Kind.MACHINE, None), *parts]


PRODUCT_TYPES: tuple[ProductType, ...] = tuple(
    found for index, machine in enumerate(MACHINES) for found in _types_of(index, machine)
)


def _counts() -> np.ndarray:
    counts = np.zeros((len(MACHINES), len(Kind)), dtype=np.int64)
    for product_type in PRODUCT_TYPES:
        counts[product_type.machine, product_type.kind] += 1
    return counts


TYPE_COUNTS = _counts()
"""Number of product types of each (machine, kind)."""
TYPE_STARTS = (np.cumsum(TYPE_COUNTS.ravel()) - TYPE_COUNTS.ravel()).reshape(TYPE_COUNTS.shape)
"""Index in ``PRODUCT_TYPES`` of the first type of each (machine, kind)."""


@dataclass(frozen=True)
class Families:
    """All families as columns of length f, sorted by tier, brand and line.

    Parameters
    ----------
    machine, brand, line: a product line has machines of many types.
    weight: share of the market, sums to 1.
    launch: first day on sale, in milliseconds.
    """

    machine: np.ndarray
    brand: np.ndarray
    line: np.ndarray
    weight: np.ndarray
    launch: np.ndarray

    def __len__(self) -> int:
        return len(self.machine)

    @property
    def tier(self) -> np.ndarray:
        """Price tier of each family: 0 cheap, 1 medium, 2 expensive."""
        return np.array([brand.tier for brand in BRANDS])[self.brand]

    @property
    def line_key(self) -> np.ndarray:
        """One number per (tier, brand, line), in the order of the rows."""
        key = (self.tier * len(BRANDS) + self.brand) * (int(self.line.max()) + 1) + self.line
        return np.asarray(key)

    @property
    def brand_key(self) -> np.ndarray:
        """One number per (tier, brand), in the order of the rows."""
        return np.asarray(self.tier * len(BRANDS) + self.brand)


def make_families(count: int, rng: np.random.Generator) -> Families:
    """Make ``count`` families: a small sample has few machine types, brands and lines."""
    types = min(len(MACHINES), max(3, round(math.sqrt(count))))
    brands = min(len(BRANDS), math.ceil(count / types))
    place = np.arange(count)
    machine, brand, line = place % types, place // types % brands, place // (types * brands)
    tier = np.array([b.tier for b in BRANDS])[brand]
    order = np.lexsort((machine, line, brand, tier))
    machine, brand, line = machine[order], brand[order], line[order]
    shares = np.array([m.share for m in MACHINES])[machine]
    shares = shares * np.array([b.share for b in BRANDS])[brand] * (line + 1.0) ** -0.5
    weight = shares * rng.lognormal(0.0, 0.25, count)
    years = rng.uniform(0.0, 6.0, count) + 2.0 * line / (line.max() + 1)
    return Families(
        machine=machine,
        brand=brand,
        line=line,
        weight=weight / weight.sum(),
        launch=(FIRST_DAY + years * YEAR_MS).astype(np.int64),
    )
