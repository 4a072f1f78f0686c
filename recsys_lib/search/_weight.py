"""How much meaning should count in hybrid search, chosen from queries with a known answer.

A product is looked for by words of its own title, and by words of its other texts that the title
lacks. Encoders differ in what they know of a language or a trade, and these queries show it; what
people type they only resemble. So another weight than the usual one must be better beyond noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recsys_lib.ranking import discounted_gains
from recsys_lib.search._fusion import DEPTH, Hits, fuse
from recsys_lib.search._index import Index
from recsys_lib.search._lexical import LexicalIndex
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._questions import some_words
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.significance import SIGNIFICANT, paired_test

USUAL = 0.3
"""Best on judged queries of Icecat (nDCG@10 0.830; 0.803 at 0, 0.597 at 1), see docs/search.md."""
WEIGHTS = tuple(round(0.1 * step, 1) for step in range(11))

_PRODUCTS, _SEED, _K = 200, 29, 10
_LEAST_GAIN = 0.01  # of nDCG; what people type differs more than that from queries made
_TITLE_WORDS, _TEXT_WORDS = 4, 8


@dataclass(frozen=True)
class ChosenWeight:
    """The weight of meaning and what it rests on.

    Parameters
    ----------
    weight: share of the semantic score.
    ndcg: nDCG@10 of the queries with each of ``WEIGHTS``, float, shape (11,); NaN without queries.
    n_queries: number of the queries.
    """

    weight: float
    ndcg: np.ndarray
    n_queries: int


class Searched(NamedTuple):
    """What is searched, one row per product.

    Parameters
    ----------
    titles: "" where there is none.
    texts: what the encoder read.
    vectors: float32, shape (products, dimension).
    """

    titles: Sequence[str]
    texts: Sequence[str]
    vectors: np.ndarray
    index: Index
    lexical: LexicalIndex


def choose_weight(searched: Searched, encoder: TextEncoder) -> ChosenWeight:
    """The best weight where it beats the usual one beyond noise and by 0.01, else the usual one.

    Each other weight is one of ten comparisons, so the paired test is held to a tenth of the usual
    bound (Bonferroni).
    """
    asked = _queries(searched)
    if not asked:
        return ChosenWeight(USUAL, np.full(len(WEIGHTS), np.nan), 0)
    vectors = encoder.encode([query for query, _ in asked])
    semantic = nearest(searched.index, searched.vectors, vectors, DEPTH)
    values = np.array(
        [
            _gains(meaning, searched.lexical.best(query, DEPTH), row)
            for (query, row), meaning in zip(asked, semantic, strict=True)
        ]
    )
    ndcg, usual = values.mean(axis=0), WEIGHTS.index(USUAL)
    best = int(np.argmax(ndcg))
    gain = values[:, best] - values[:, usual]
    bound = SIGNIFICANT / (len(WEIGHTS) - 1)
    is_better = gain.mean() >= _LEAST_GAIN and paired_test(gain, seed=_SEED) <= bound
    chosen = best if is_better else usual
    return ChosenWeight(WEIGHTS[chosen], ndcg, len(asked))


def _gains(semantic: Hits, lexical: Hits, row: int) -> list[float]:
    """nDCG@10 with each weight, where only the product at ``row`` answers."""
    gains = []
    for weight in WEIGHTS:
        rows, _ = fuse(semantic, lexical, weight)
        place = np.flatnonzero(rows[:_K] == row)
        gains.append(float(discounted_gains(place, _K).sum()))
    return gains


def _queries(searched: Searched) -> list[tuple[str, int]]:
    """Queries and the rows that answer them: two for each product drawn that has the words."""
    rng = np.random.default_rng(_SEED)
    rows = rng.permutation(len(searched.texts))[:_PRODUCTS].tolist()
    queries = []
    for row in rows:
        title, text = searched.titles[row], searched.texts[row]
        queries.append((some_words(title, _TITLE_WORDS, rng), row))
        known = set(title.lower().split())
        other = [word for word in text.split() if word.lower() not in known]
        queries.append((" ".join(other[:_TEXT_WORDS]), row))
    return [(query, row) for query, row in queries if query]
