"""How much meaning should count in hybrid search, chosen from queries with a known answer.

Best are judged queries: one half of them chooses, the other half tells how good the choice is.
Without them a product is looked for by words of its own title, and by words of its other texts that
the title lacks. Encoders differ in what they know of a language or a trade, and these queries show
it; what people type they only resemble. So they must show another weight than the usual one to be
better beyond noise. Of judged queries there are seldom enough for that, and what they show counts
for more: a likely gain will do. On held-out halves of two judged sets that gained 0.026 and lost
0.001 (docs/search.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsys_lib.search._fusion import DEPTH, fuse
from recsys_lib.search._index import Index
from recsys_lib.search._lexical import LexicalIndex
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._questions import some_words
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.qrels import JUDGED, Qrels, ndcg
from recsys_lib.significance import SIGNIFICANT, paired_test

USUAL = 0.3
"""nDCG@10 on judged queries of Icecat 0.827 (0.807 at 0, 0.597 at 1), see docs/search.md."""
WEIGHTS = tuple(round(0.1 * step, 1) for step in range(11))

MADE = "queries made of product texts"
_PRODUCTS, _SEED, _K = 200, 29, 10
_LEAST_GAIN = 0.01  # of nDCG; what people type differs more than that from queries made
# p of the paired test. Each other weight is one of ten comparisons (Bonferroni).
_BEYOND_NOISE, _LIKELY = SIGNIFICANT / (len(WEIGHTS) - 1), 0.2
_TITLE_WORDS, _TEXT_WORDS = 4, 8


@dataclass(frozen=True)
class ChosenWeight:
    """The weight of meaning and what it rests on.

    Parameters
    ----------
    weight: share of the semantic score.
    ndcg: nDCG@10 of the queries with each of ``WEIGHTS``, float, shape (11,); NaN without queries.
    n_queries: number of the queries.
    queries: what kind of queries they are.
    held_out: nDCG@10 of judged queries that took no part in the choice; NaN without them.
    """

    weight: float
    ndcg: np.ndarray
    n_queries: int
    queries: str = MADE
    held_out: float = float("nan")

    @classmethod
    def given(cls, weight: float) -> ChosenWeight:
        """A weight that nothing chose: it was given, or there was nothing to choose by."""
        return cls(weight, np.full(len(WEIGHTS), np.nan), 0)

    def __str__(self) -> str:
        if not self.n_queries:
            return f"{self.weight}"
        said = f"{self.weight}, by {self.n_queries} {self.queries}"
        if np.isnan(self.held_out):
            return said
        return f"{said}; nDCG@{_K} of the others {self.held_out:.3f}"


@dataclass(frozen=True)
class Searched:
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


def choose_weight(
    searched: Searched, encoder: TextEncoder, judged: Qrels | None = None
) -> ChosenWeight:
    """The best weight where it beats the usual one by 0.01, else the usual one.

    The gain must be likely by judged queries, and beyond noise by those made of product texts.
    """
    if judged is not None:
        return _by_judged(searched, encoder, judged)
    made = _made(searched)
    if not made.queries:
        return ChosenWeight.given(USUAL)
    values = _values(searched, encoder, made)
    best = _best(values, _BEYOND_NOISE)
    return ChosenWeight(WEIGHTS[best], values.mean(axis=0), len(values))


def _by_judged(searched: Searched, encoder: TextEncoder, judged: Qrels) -> ChosenWeight:
    """One half of the queries that products answer chooses; the other half is held out."""
    values = _values(searched, encoder, judged)
    values = values[~np.isnan(values[:, 0])]
    order = np.random.default_rng(_SEED).permutation(len(values))
    first, second = np.array_split(values[order], 2)
    if not len(first):
        return ChosenWeight.given(USUAL)
    best = _best(first, _LIKELY)
    held_out = float(second[:, best].mean()) if len(second) else float("nan")
    return ChosenWeight(WEIGHTS[best], first.mean(axis=0), len(first), JUDGED, held_out)


def _best(values: np.ndarray, most_p: float) -> int:
    """Which weight to use, by the nDCG of each query with each weight, shape (queries, weights).

    The best one must gain enough, and the paired test may give it at most the p of ``most_p``.
    """
    usual, best = WEIGHTS.index(USUAL), int(np.argmax(values.mean(axis=0)))
    gain = values[:, best] - values[:, usual]
    is_better = gain.mean() >= _LEAST_GAIN and paired_test(gain, seed=_SEED) <= most_p
    return best if is_better else usual


def _values(searched: Searched, encoder: TextEncoder, asked: Qrels) -> np.ndarray:
    """nDCG@10 of each query with each weight, float, shape (queries, weights)."""
    vectors = encoder.encode(asked.queries)
    semantic = nearest(searched.index, searched.vectors, vectors, DEPTH)
    values = []
    for query, meaning, grades in zip(asked.queries, semantic, asked.grades, strict=True):
        words = searched.lexical.best(query, DEPTH)
        lists = (fuse(meaning, words, weight)[0] for weight in WEIGHTS)
        values.append([ndcg(rows, grades, _K) for rows in lists])
    return np.array(values)


def _made(searched: Searched) -> Qrels:
    """Two queries for each product drawn that has the words; it alone answers them."""
    rng = np.random.default_rng(_SEED)
    rows = rng.permutation(len(searched.texts))[:_PRODUCTS].tolist()
    pairs = []
    for row in rows:
        title, text = searched.titles[row], searched.texts[row]
        pairs.append((some_words(title, _TITLE_WORDS, rng), row))
        known = set(title.lower().split())
        other = [word for word in text.split() if word.lower() not in known]
        pairs.append((" ".join(other[:_TEXT_WORDS]), row))
    pairs = [(query, row) for query, row in pairs if query]
    return Qrels(MADE, [query for query, _ in pairs], [{row: 1.0} for _, row in pairs])
