"""What similar items go by: likes, texts or the blend, whichever finds the next item best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from recsys_lib.blend._candidates import gather_candidates
from recsys_lib.blend._relative import HistoryScorer
from recsys_lib.blend.blend import Blend, BlendWeights
from recsys_lib.blend.choices import Choices, K, ndcg
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import ALS, BLEND, TEXT, CandidateSource, FoldedAls, TextNeighbours
from recsys_lib.significance import SIGNIFICANT, paired_test

_MOST_USERS = 2_000


@dataclass(frozen=True)
class SimilarChoice:
    """What similar items go by, and how well each way predicts.

    Parameters
    ----------
    by: ``als``, ``text`` or ``blend``.
    quality: nDCG@10 of each way, when all that is known of a user is one item.
    """

    by: str = ALS
    quality: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """A sentence for the report; "" where nothing was compared."""
        if not self.quality:
            return ""
        values = ", ".join(f"{value:.4f} for {name}" for name, value in self.quality.items())
        return (
            f"Similar items go by {self.by}: from one item alone, the next is found with nDCG@{K} "
            f"of {values}."
        )


def choose_similar(
    sources: Mapping[str, CandidateSource],
    weights: BlendWeights,
    judging: Choices,
    *,
    seed: int,
) -> SimilarChoice:
    """Compare the ways on held-out users, of whose history only the newest item counts.

    Likes are the default: another way is chosen only if it is better beyond noise.

    Parameters
    ----------
    sources: trained without what ``judging`` holds out, with their half-lives.
    weights: of what is served.
    judging: users and what they took next.
    """
    generator = np.random.default_rng(seed)
    judges = judging.take(np.flatnonzero(judging.histories.lengths)).sample(_MOST_USERS, generator)
    ways = _ways(sources, weights, judges.histories)
    if len(ways) < 2 or not len(judges):
        return SimilarChoice()
    single = _newest(judges.histories)
    found = gather_candidates(ways, single, judges.relevant)
    n_relevant = np.diff(judges.relevant.indptr)
    quality = {
        name: ndcg(found, column, n_relevant, generator)
        for name, column in zip(found.names, found.relative.T, strict=True)
    }
    means = {name: float(values.mean()) for name, values in quality.items()}
    best = max(means, key=lambda name: means[name])
    if best != ALS and ALS in quality:
        gaps = quality[best] - quality[ALS]
        best = best if paired_test(gaps, seed=seed) <= SIGNIFICANT else ALS
    return SimilarChoice(best, means)


def _ways(
    sources: Mapping[str, CandidateSource], weights: BlendWeights, histories: Histories
) -> dict[str, HistoryScorer]:
    ways: dict[str, HistoryScorer] = {}
    text, als = sources.get(TEXT), sources.get(ALS)
    texts = text.embeddings if isinstance(text, TextNeighbours) else None
    if isinstance(als, FoldedAls):
        ways[ALS] = _Nearest(_directions(als.fold_in.item_factors), texts)
    if texts is not None:
        ways[TEXT] = _Nearest(texts)
    ways[BLEND] = _BlendScorer(Blend(sources, weights, histories))
    return ways


@dataclass(frozen=True)
class _Nearest:
    """Cosines with the only item of a history; of the fallback for items without a vector.

    ``vectors`` and ``fallback``: float32, shape (items, dimension), rows of length 1 or 0.
    """

    vectors: np.ndarray
    fallback: np.ndarray | None = None

    def scores(self, histories: Histories) -> np.ndarray:
        """float32, shape (users, items)."""
        own = self.vectors[histories.items]
        scores = own @ self.vectors.T
        if self.fallback is not None:
            bare = ~own.any(axis=1)
            scores[bare] = self.fallback[histories.items[bare]] @ self.fallback.T
        return scores


@dataclass(frozen=True)
class _BlendScorer:
    blend: Blend

    def scores(self, histories: Histories) -> np.ndarray:
        """Those of the blend, float32, shape (users, items)."""
        return self.blend.scores_of(histories)


def _directions(factors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(factors, axis=1, keepdims=True)
    return factors / np.where(lengths > 0, lengths, 1)


def _newest(histories: Histories) -> Histories:
    """The newest item of each history alone, as that of a stranger who took it."""
    items = histories.items[histories.indptr[1:] - 1]
    liked = histories.confidences[histories.confidences > 0]
    confidence = float(liked.mean()) if len(liked) else 1.0
    return Histories.of_one_item_each(items, confidence, histories.n_items)
