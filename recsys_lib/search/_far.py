"""From which cosine on a product is far from a query: told from the catalogue's own texts.

Every query has nearest products, also one that means nothing. How near the nearest ones are depends
on the encoder and on the catalogue, so that a fixed bound fits neither. Two kinds of queries show
it: words of the products, and the same words with their letters in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recsys_lib.search._index import Index
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._questions import question_like

_QUERIES, _SEED = 200, 23
Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class FarBound:
    """The cosine below which a product counts as far from a query, and how well that tells.

    Parameters
    ----------
    cosine: the bound.
    questions: share of queries with words of the catalogue whose nearest product is below it.
    nonsense: share of queries without meaning whose nearest product is.
    """

    cosine: float
    questions: float
    nonsense: float


def far_bound(texts: Sequence[str], encode: Encode, index: Index, vectors: np.ndarray) -> FarBound:
    """The bound that tells the two kinds of queries apart best.

    That is where the share of nonsense below it exceeds the share of questions by most. Reference:
    Youden, "Index for rating diagnostic tests" (1950).
    """
    questions = question_like(texts, _QUERIES)
    rng = np.random.default_rng(_SEED)
    nonsense = [_scrambled(question, rng) for question in questions]
    known, unknown = (_best(encode(asked), index, vectors) for asked in (questions, nonsense))
    bounds = np.sort(np.concatenate([known, unknown]))
    below_known = np.searchsorted(np.sort(known), bounds) / len(known)
    below_unknown = np.searchsorted(np.sort(unknown), bounds) / len(unknown)
    best = int(np.argmax(below_unknown - below_known))
    return FarBound(float(bounds[best]), float(below_known[best]), float(below_unknown[best]))


def _best(queries: np.ndarray, index: Index, vectors: np.ndarray) -> np.ndarray:
    """The cosine of each query to its nearest product, float, shape (queries,)."""
    return np.array([scores[0] for _, scores in nearest(index, vectors, queries, 1)])


def _scrambled(text: str, rng: np.random.Generator) -> str:
    """Each word with its letters in another order."""
    return " ".join("".join(rng.permutation(list(word))) for word in text.split())
