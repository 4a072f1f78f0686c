"""What users took after their histories, and how well scores predict it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.blend._candidates import Candidates, gather_candidates
from recsys_lib.blend._product_scores import BestProducts
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import CandidateSource
from recsys_lib.ranking import discounted_gains, ideal_dcg

K = 10
"""Length of the lists that are judged."""


@dataclass(frozen=True)
class Choices:
    """Users, and what they took after their histories.

    Parameters
    ----------
    histories: of the users.
    relevant: CSR of shape (users, items): what each user took afterwards.
    """

    histories: Histories
    relevant: sparse.csr_matrix

    def __len__(self) -> int:
        return len(self.histories)

    def take(self, users: np.ndarray) -> Choices:
        """Some of the users."""
        return Choices(self.histories.take(users), self.relevant[users])

    def sample(self, n: int, generator: np.random.Generator) -> Choices:
        """At most ``n`` of the users, drawn at random."""
        if len(self) <= n:
            return self
        return self.take(np.sort(generator.choice(len(self), n, replace=False)))


def source_quality(
    source: CandidateSource,
    choices: Choices,
    generator: np.random.Generator,
    prepared: Mapping[str, BestProducts] | None = None,
) -> np.ndarray:
    """nDCG@10 of a single source, shape (users,); ``prepared`` as for :func:`gather_candidates`."""
    alone = {source.name: source}
    candidates = gather_candidates(alone, choices.histories, choices.relevant, prepared=prepared)
    scores = candidates.relative[:, 0]
    return ndcg(candidates, scores, np.diff(choices.relevant.indptr), generator)


def ndcg(
    candidates: Candidates,
    scores: np.ndarray,
    n_relevant: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """nDCG@10 of each user when the candidates are ranked by ``scores``; ties at random."""
    gains = discounted_gains(candidates.positions(scores, generator), K)
    user = candidates.user[candidates.chosen]
    gained = np.bincount(user, gains, minlength=len(n_relevant))
    return gained / ideal_dcg(n_relevant, K)
