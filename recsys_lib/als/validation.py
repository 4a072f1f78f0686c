"""Interactions held out from the training, to find the best number of iterations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.als.confidences import confidence, liked
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.solver import Penalty
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import shuffled_tie_order

K = 10
_BLOCK = 64  # users


@dataclass(frozen=True)
class Holdout:
    """The last interaction of some users, held out, and the rest.

    Parameters
    ----------
    rest: the interactions to train on.
    histories: confidences of the validation users, from ``rest``; float32, shape (users, items).
    items: int32, shape (users,): the item held out of each.
    tie_order: int32, shape (items,): of equal scores the item of lower order comes first.
    penalty: as in the training.
    """

    rest: Interactions
    histories: sparse.csr_matrix
    items: np.ndarray
    tie_order: np.ndarray
    penalty: Penalty

    @classmethod
    def from_interactions(cls, interactions: Interactions, parameters: AlsParameters) -> Holdout:
        """Draw ``validation_users`` users with two interactions or more, seeded.

        Raises ParameterError if there are none.
        """
        last = np.flatnonzero(interactions.last())
        eligible = interactions.user[last]
        if not len(eligible):
            raise ParameterError(
                "als.validation_users needs users with two interactions, but there are none: "
                "set it to 0"
            )
        rng = np.random.default_rng(parameters.seed)
        n = min(parameters.validation_users, len(eligible))
        users = np.sort(rng.choice(eligible, n, replace=False))
        held_out = last[np.isin(eligible, users)]
        kept = np.ones(len(interactions), dtype=bool)
        kept[held_out] = False
        rest = interactions.select(kept)
        return cls(
            rest=rest,
            histories=liked(confidence(rest, parameters))[users],
            items=interactions.item[held_out],
            tie_order=shuffled_tie_order(len(interactions.items), parameters.seed),
            penalty=Penalty.from_parameters(parameters),
        )

    def recall(self, item_factors: np.ndarray) -> float:
        """Share of users whose held-out item is among the 10 best of all items new to them."""
        vectors = FoldIn.from_item_factors(item_factors, self.penalty).solve(self.histories)
        found = 0
        for start in range(0, len(self.items), _BLOCK):
            block = slice(start, start + _BLOCK)
            scores, items = vectors[block] @ item_factors.T, self.items[block]
            seen = self.histories[block]
            scores[np.repeat(np.arange(len(items)), np.diff(seen.indptr)), seen.indices] = -np.inf
            own = scores[np.arange(len(items)), items][:, None]
            # Without a tie rule, a model that scores all items alike would hit every one.
            first = self.tie_order < self.tie_order[items][:, None]
            better = (scores > own) | ((scores == own) & first)
            found += int(np.count_nonzero(better.sum(axis=1) < K))
        return found / len(self.items)
