"""What is lost by cutting texts: how many are cut, and whether reading on changes neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recsys_lib.search._index import search_exactly
from recsys_lib.search.encoder import TextEncoder

_COUNTED = 2000  # texts whose tokens are counted
_READ_ON = 32  # cut texts that are encoded once more: a second or two
_FURTHER = 4  # times as many tokens are read then
_NEAREST = 10


def said_of_cuts(texts: Sequence[str], vectors: np.ndarray, encoder: TextEncoder) -> str:
    """A sentence on ``encoder.max_tokens``: the share of longer texts, and what they lose by it.

    Some of the longer texts are encoded with four times the tokens, or as many as the model reads.
    Where they keep their nearest products, reading on changes little.

    Parameters
    ----------
    texts: of all products, none empty.
    vectors: theirs, shape (texts, dimension), of length 1.
    encoder: what made the vectors; afterwards it reads as many tokens as before.
    """
    limit = encoder.max_tokens
    some = _spread(np.arange(len(texts)), _COUNTED)
    longer = some[encoder.token_counts([texts[row] for row in some]) > limit]
    said = f"at most {limit}; {len(longer) / len(some):.0%} of the texts are longer"
    further = min(_FURTHER * limit, encoder.reads_at_most)
    if not len(longer) or further == limit or len(texts) <= _NEAREST:
        return said
    rows = _spread(longer, _READ_ON)
    encoder.max_tokens = further
    whole = encoder.encode([texts[row] for row in rows])
    encoder.max_tokens = limit
    kept = _kept(_nearest(rows, vectors[rows], vectors), _nearest(rows, whole, vectors))
    return (
        f"{said}, and keep {kept:.0%} of their {_NEAREST} nearest products if read up to "
        f"{further} tokens ({len(rows)} texts tried)"
    )


def _spread(rows: np.ndarray, n: int) -> np.ndarray:
    """At most n of the rows, from all over."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(n, len(rows)), dtype=int))]


def _nearest(rows: np.ndarray, queries: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Of each query, the nearest products but itself, shape (queries, 10)."""
    found = search_exactly(vectors, queries, _NEAREST + 1)[1]
    others = found != rows[:, None]
    others[others.all(axis=1), -1] = False  # the product itself is not among its nearest
    return found[others].reshape(len(rows), _NEAREST)


def _kept(before: np.ndarray, after: np.ndarray) -> float:
    """The mean share of the ones in the others."""
    pairs = zip(before, after, strict=True)
    return float(np.mean([np.isin(one, other).mean() for one, other in pairs]))
