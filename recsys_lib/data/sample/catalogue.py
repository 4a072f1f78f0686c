"""The catalogue: products with their family, popularity and quality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys_lib.data.sample.assortment import (
    MACHINES,
    TYPE_COUNTS,
    TYPE_STARTS,
    Families,
    make_families,
)
from recsys_lib.data.sample.product_types import COLOUR_SHARES, Kind
from recsys_lib.data.sample.sizes import DEFAULT_SIZE

FAMILY_SIZE = 24
_FAMILY_GROWTH = 0.7
"""Above the default size, families grow with this power of the number of products."""
UNIVERSAL_SHARE = 0.05
UNREVIEWED_SHARE = 0.04

_PATTERN = np.array([0, 1, 2, 1, 0, 1, 1, 2, 1, 1, 2, 1], dtype=np.int8)
"""Kinds of the products of a family, repeated: 2 machines, 7 parts, 3 consumables."""
_KIND_WEIGHTS = np.array([0.16, 0.48, 0.28, 0.08])
_ZIPF = 1.0


@dataclass(frozen=True)
class Catalogue:
    """All products as columns of length n, sorted by cell.

    A cell holds the products of one (family, kind); the universal products of a machine type
    have a cell of their own, after those of the families.

    Parameters
    ----------
    families: the families, columns of length f.
    cell: ``3 * family + kind``, or ``3 * f + machine`` for universal products.
    cell_starts: first product of each cell, and n at the end; shape (3 * f + machines + 1,).
    family: index into families, -1 for universal products.
    machine, kind, product_type: indices into MACHINES, Kind and PRODUCT_TYPES.
    rank: position within the cell.
    colour: index into COLOURS, -1 for all but machines.
    weight: how often it is bought; 0 for products without reviews.
    quality: 0 is average, +1 is good.
    """

    families: Families
    cell: np.ndarray
    cell_starts: np.ndarray
    family: np.ndarray
    machine: np.ndarray
    kind: np.ndarray
    product_type: np.ndarray
    rank: np.ndarray
    colour: np.ndarray
    weight: np.ndarray
    quality: np.ndarray

    def __len__(self) -> int:
        return len(self.cell)

    def universal_cell(self, machine: np.ndarray) -> np.ndarray:
        """The cell of the universal products of each machine type."""
        return 3 * len(self.families) + machine


def make_catalogue(products: int, rng: np.random.Generator) -> Catalogue:
    """Make ``products`` products, in families of about two dozen."""
    in_families = products - round(UNIVERSAL_SHARE * products)
    families = make_families(max(8, round(in_families / _family_size(products))), rng)
    family, machine, kind = _places(families, in_families, products)
    cell = np.where(family >= 0, 3 * family + kind, 3 * len(families) + machine)
    order = np.argsort(cell, kind="stable")
    family, machine, kind, cell = family[order], machine[order], kind[order], cell[order]
    starts = np.searchsorted(cell, np.arange(3 * len(families) + len(MACHINES) + 1))
    rank = np.arange(products) - starts[cell]
    colours = rng.choice(len(COLOUR_SHARES), products, p=COLOUR_SHARES)
    tier = np.where(family >= 0, families.tier[family], 1)
    return Catalogue(
        families=families,
        cell=cell,
        cell_starts=starts,
        family=family,
        machine=machine,
        kind=kind,
        product_type=TYPE_STARTS[machine, kind] + rank % TYPE_COUNTS[machine, kind],
        rank=rank,
        colour=np.where(kind == Kind.MACHINE, colours, -1),
        weight=_weights(families, family, machine, kind, rank, rng),
        quality=rng.normal(0.25 * (tier - 1), 0.8, products),
    )


def _family_size(products: int) -> float:
    return FAMILY_SIZE * max(1.0, products / DEFAULT_SIZE.products) ** _FAMILY_GROWTH


def _places(
    families: Families, in_families: int, products: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Family, machine type and kind of every product, not sorted yet."""
    family = np.arange(in_families) * len(families) // in_families
    within = np.arange(in_families) - np.searchsorted(family, np.arange(len(families)))[family]
    kind = _PATTERN[within % len(_PATTERN)]
    universals = products - in_families
    types = np.unique(families.machine)
    return (
        np.concatenate([family, np.full(universals, -1)]),
        np.concatenate([families.machine[family], types[np.arange(universals) % len(types)]]),
        np.concatenate([kind, np.full(universals, Kind.UNIVERSAL)]).astype(np.int64),
    )


def _weights(
    families: Families,
    family: np.ndarray,
    machine: np.ndarray,
    kind: np.ndarray,
    rank: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Zipf's law within a cell times the popularity of the family; some are never bought."""
    by_machine = np.bincount(families.machine, families.weight, minlength=len(MACHINES))
    base = np.where(family >= 0, families.weight[family], by_machine[machine])
    noise = rng.lognormal(0.0, 0.45, len(rank))
    weight = base * _KIND_WEIGHTS[kind] * (rank + 1.0) ** -_ZIPF * noise
    unlucky = rng.permutation(np.flatnonzero(rank > 0))  # the first of a cell keeps it alive
    weight[unlucky[: round(UNREVIEWED_SHARE * len(rank))]] = 0.0
    return weight


def draw_weighted(
    weight: np.ndarray, low: np.ndarray, high: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw one row from each ``low`` to ``high`` (excluded), in proportion to ``weight``."""
    total = np.concatenate([[0.0], np.cumsum(weight)])
    at = total[low] + rng.random(len(low)) * (total[high] - total[low])
    row = np.searchsorted(total, at, side="right") - 1
    return np.clip(row, low, high - 1)
