"""Families: a brand's models of one machine type in one product line, and who made them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from recsys_lib.data.sample.assortment import MACHINES
from recsys_lib.data.sample.kinds import BRANDS

YEAR_MS = 31_556_952_000
FIRST_DAY = 1_356_998_400_000
"""1 January 2013 UTC, in milliseconds: the oldest families are sold from here on."""
LAST_DAY = 1_694_476_800_000
"""12 September 2023 UTC, in milliseconds: the newest review there can be."""


@dataclass(frozen=True)
class Families:
    """All families as columns of length f, sorted by tier, brand and line.

    Parameters
    ----------
    machine, brand, line: machine type, brand and product line; a line has many machine types.
    weight: share of the market, sums to 1.
    launch: first day on sale, milliseconds.
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
        """Price tier of each family: 0 cheap, 1 middle, 2 dear."""
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
    """Make ``count`` families: few machine types and brands at first, then more lines."""
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
