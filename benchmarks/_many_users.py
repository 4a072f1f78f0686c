"""A version of the models for tens of millions of generated users, written in blocks.

Ids have 28 characters, as those of Amazon. Half of the users have one item, few have hundreds. Item
factors and the sources of the blend are trained on the first block; all users are in the parts. The
writers are those of the project, so this is a version like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from recsys_lib import registry
from recsys_lib.als import train_als
from recsys_lib.als.storing import store_als_blocks
from recsys_lib.blend import BlendWeights, Histories, LearnedBlend, needed_sources
from recsys_lib.blend.part import learned_facts, store_blend_part
from recsys_lib.blend.sources import AFTER, ALS, TOGETHER, Training, train_sources
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.paths import Dataset

VERSION = "many"
_ITEMS, _TASTES = 94_000, 50
_BLOCK = 1_000_000
_ALPHABET = np.frombuffer(b"234567ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)
_COUNTER, _RANDOM = 7, 20  # characters of an id after its first one
_LENGTHS, _LONGEST = 2.4, 300  # exponent of the numbers of items, and the most
_START, _YEAR = 1_700_000_000_000, 31_536_000_000  # milliseconds
_PARAMETERS = AlsParameters(factors=64, iterations=3)
_LEARNED = LearnedBlend(
    BlendWeights(dict.fromkeys((AFTER, TOGETHER, ALS), (1.0,) * 6), {}), "blend", {}, _BLOCK
)


@dataclass(frozen=True)
class ManyUsers:
    """Interactions of ``users`` users, made again from their seeds wherever they are needed."""

    users: int

    def store(self, dataset: Dataset) -> int:
        """Write the version and serve it; the number of its interactions."""
        first = next(self.blocks())
        training = Training(first, _PARAMETERS)
        facts = {"data_fingerprint": f"generated, {self.users}"}
        store_als_blocks(
            dataset.version(VERSION) / registry.ALS_PART,
            train_als(first, _PARAMETERS).item_factors,
            self.blocks(),
            _display(first.items),
            None,
            parameters=_PARAMETERS,
            metrics={"als.users": self.users, "als.items": _ITEMS},
            **facts,
        )
        needed = needed_sources(_LEARNED.weights)
        sources = train_sources(training, needed, counted_only=True)
        store_blend_part(
            dataset.version(VERSION) / registry.BLEND_PART,
            {f"{n}.{key}": array for n, s in sources.items() for key, array in s.arrays().items()},
            (Histories.from_interactions(block, _PARAMETERS) for block in self.blocks()),
            first.items,
            facts=learned_facts(_LEARNED),
            metrics={},
            **facts,
        )
        registry.publish(dataset, VERSION)
        shape = registry.read_manifest(dataset.version(VERSION))["shapes"]
        return int(shape[f"{registry.BLEND_PART}/items.npy"][0])

    def blocks(self) -> Iterator[Interactions]:
        """The users in the order of their ids, with all that they took."""
        items = IdMap([f"B{number:09}" for number in range(_ITEMS)])
        for start in range(0, self.users, _BLOCK):
            rng = np.random.default_rng(start)
            n = min(_BLOCK, self.users - start)
            yield _interactions(_ids(rng, start, n, self.users), items, rng)


def _ids(rng: np.random.Generator, start: int, n: int, users: int) -> pl.Series:
    """Ascending: the first characters count with gaps, the others are random."""
    gap = len(_ALPHABET) ** _COUNTER // users
    counter = (start + np.arange(n)) * gap + rng.integers(0, gap, n)
    digits = counter[:, None] // len(_ALPHABET) ** np.arange(_COUNTER)[::-1] % len(_ALPHABET)
    rest = rng.integers(0, len(_ALPHABET), (n, _RANDOM), dtype=np.uint8)
    text = np.empty((n, 1 + _COUNTER + _RANDOM), dtype=np.uint8)
    text[:, 0] = ord("A")
    text[:, 1:] = _ALPHABET[np.hstack([digits.astype(np.uint8), rest])]
    offsets = np.arange(n + 1, dtype=np.int64) * text.shape[1]
    buffers = pa.py_buffer(offsets), pa.py_buffer(text)
    return pl.Series("id", pa.LargeStringArray.from_buffers(n, *buffers))


def _interactions(users: pl.Series, items: IdMap, rng: np.random.Generator) -> Interactions:
    """Most of what a user takes is of one taste; in each taste few items are taken by many."""
    lengths = np.minimum(rng.zipf(_LENGTHS, len(users)), _LONGEST)
    user = np.repeat(np.arange(len(users)), lengths)
    own = rng.integers(0, _TASTES, len(users))[user]
    taste = np.where(rng.random(len(user)) < 0.8, own, rng.integers(0, _TASTES, len(user)))
    rank = (rng.random(len(user)) ** 3 * (len(items) // _TASTES)).astype(np.int64)
    cells = np.unique(user * len(items) + rank * _TASTES + taste)
    user, item = np.divmod(cells, len(items))
    time = _START + rng.integers(0, _YEAR, len(cells))
    order = np.lexsort((time, user))
    return Interactions(
        users=IdMap(users),
        items=items,
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        rating=np.ones(len(cells), dtype=np.float32),
        timestamp=time[order],
    )


def _display(items: IdMap) -> pl.DataFrame:
    ids = items.series()
    return pl.DataFrame({"id": ids, "title": "Product " + ids, "image_url": ids.str.slice(0, 0)})
