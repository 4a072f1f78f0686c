"""The best products for a query: by meaning, by words, or both combined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recsys_lib.search._fusion import DEPTH, Hits, append_new, fuse
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._part import SearchPart

Mode = Literal["hybrid", "semantic", "lexical"]
MODES: tuple[Mode, ...] = get_args(Mode)

_DEEPER = 4
"""By how much lists get longer when more products are wanted than the combined lists hold."""


@dataclass(frozen=True)
class Asked:
    """A query as it is answered.

    Parameters
    ----------
    vector: float32, shape (1, dimension); None for lexical search.
    weight: share of the semantic score in hybrid search.
    allowed: bool, shape (products,); None without filters.
    """

    query: str
    vector: np.ndarray | None
    mode: Mode
    weight: float
    allowed: np.ndarray | None


def best_products(
    stored: SearchPart, asked: Asked, n: int, rerank: Callable[[str, Hits], Hits] | None
) -> Hits:
    """The n best products, if there are as many.

    What is on top must not depend on how many are wanted. So lists of one fixed depth are
    combined, and what deeper lists hold beside follows in blocks.
    """
    depth = max(DEPTH, stored.parameters.rerank_top)
    ranking, before = _at_depth(stored, asked, depth), -1
    if rerank and asked.mode != "lexical":
        ranking = rerank(asked.query, ranking)
    while before < len(ranking[0]) < n:
        before, depth = len(ranking[0]), _DEEPER * depth
        ranking = append_new(ranking, _at_depth(stored, asked, depth))
    return ranking


def _at_depth(stored: SearchPart, asked: Asked, depth: int) -> Hits:
    """Lists of this length, combined."""
    if asked.vector is None:
        return stored.lexical.best(asked.query, depth, asked.allowed)
    (semantic,) = nearest(stored.index, stored.embeddings, asked.vector, depth, asked.allowed)
    if asked.mode == "semantic":
        return semantic
    lexical = stored.lexical.best(asked.query, depth, asked.allowed)
    return fuse(semantic, lexical, asked.weight)
