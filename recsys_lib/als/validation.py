"""Interactions kept from the training, to see when more of it does not help any more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.als.confidence import confidence, liked
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.solver import Penalty
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters

K = 10
_BLOCK = 64  # users


@dataclass(frozen=True)
class Holdout:
    """The last interaction of some users, and all that is not held out.

    Parameters
    ----------
    rest: the interactions to train on.
    histories: confidences of the users tested, from ``rest``; float32, shape (tested, items).
    items: int32, shape (tested,): what was held out.
    """

    rest: Interactions
    histories: sparse.csr_matrix
    items: np.ndarray
    penalty: Penalty

    @classmethod
    def of(cls, interactions: Interactions, parameters: AlsParameters) -> Holdout:
        """Draw ``validation_users`` users with two interactions or more, seeded.

        ParameterError when there is none.
        """
        counts = np.bincount(interactions.user, minlength=len(interactions.users))
        able = np.flatnonzero(counts >= 2)
        if not len(able):
            raise ParameterError(
                "als.validation_users needs users with two interactions, and there is none: "
                "set it to 0"
            )
        rng = np.random.default_rng(parameters.seed)
        n = min(parameters.validation_users, len(able))
        users = np.sort(rng.choice(able, n, replace=False))
        last = np.cumsum(counts)[users] - 1  # rows are in the order of user, then time
        kept = np.ones(len(interactions), dtype=bool)
        kept[last] = False
        rest = interactions.select(kept)
        return cls(
            rest=rest,
            histories=liked(confidence(rest, parameters))[users],
            items=interactions.item[last],
            penalty=Penalty(parameters.regularization, parameters.frequency_scaling),
        )

    def recall(self, item_factors: np.ndarray) -> float:
        """Share of users whose item is among the 10 best, of all that they do not have."""
        vectors = FoldIn.of(item_factors, self.penalty).solve(self.histories)
        found = 0
        for start in range(0, len(self.items), _BLOCK):
            block = slice(start, start + _BLOCK)
            scores, items = vectors[block] @ item_factors.T, self.items[block]
            seen = self.histories[block]
            scores[np.repeat(np.arange(len(items)), np.diff(seen.indptr)), seen.indices] = -np.inf
            own = scores[np.arange(len(items)), items]
            found += int(np.count_nonzero((scores > own[:, None]).sum(axis=1) < K))
        return found / len(self.items)
