"""A small world of purchases in order: items lie on a ring, and users walk along it."""

import numpy as np
import pytest

from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap

N_ITEMS = 24


@pytest.fixture(scope="session")
def ordered():
    """600 users: each takes 5, 6 or 7 items one after the other, from a random one on."""
    generator = np.random.default_rng(0)
    starts = generator.integers(0, N_ITEMS, 600)
    lengths = 5 + np.arange(600) % 3
    items = [(start + np.arange(n)) % N_ITEMS for start, n in zip(starts, lengths, strict=True)]
    user = np.repeat(np.arange(600, dtype=np.int32), lengths)
    return Interactions(
        IdMap(f"u{n}" for n in range(600)),
        IdMap(f"i{n}" for n in range(N_ITEMS)),
        user,
        np.concatenate(items).astype(np.int32),
        np.ones(len(user), np.float32),
        np.arange(len(user)),
    )
