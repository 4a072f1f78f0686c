"""What a trial is measured on: the interaction before each user's last, which is for the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recsys_lib.als import (
    ExactALS,
    FoldIn,
    Penalty,
    confidence,
    liked,
    newer_items,
    recency_weighted,
)
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError
from recsys_lib.evaluation import TrainTest, leave_last_out
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import MaximumInnerProduct

K = 10
_CHECKS = 3  # times at which an unfinished training is measured

OnCheck = Callable[[int, float], bool]
"""Called with the iteration, from 1, and its recall; returns True to stop the training."""


@dataclass(frozen=True)
class Recalls:
    """recall@10 of the validation users with each half-life of recency."""

    by_half_life: dict[float, float]

    @property
    def best(self) -> tuple[float, float]:
        """The half-life with the highest recall, and that recall; the first of equal ones."""
        half_life = max(self.by_half_life, key=lambda h: self.by_half_life[h])
        return half_life, self.by_half_life[half_life]


@dataclass(frozen=True)
class Validation:
    """Users, their last interaction but one, and everything earlier.

    Parameters
    ----------
    split: what to train on, and what to find. The last interaction of each user is in neither
        part: 04_evaluate measures the final model on it.
    """

    split: TrainTest

    @classmethod
    def from_interactions(cls, interactions: Interactions, users: int, seed: int) -> Validation:
        """Draw ``users`` of the users; InputDataError when none has three interactions."""
        split = leave_last_out(leave_last_out(interactions).train)
        if not len(split.test_users):
            raise InputDataError(
                "no user has three interactions: one to learn from, one to validate and one for "
                "the test, so parameters cannot be compared"
            )
        return cls(split.sample(users, seed))

    def counts(self) -> dict[str, int]:
        """How many users are measured, on how many interactions the trials are trained."""
        counts = self.split.counts()
        return {
            "users measured": counts["test users"],
            "training interactions": counts["training interactions"],
            "items without training interactions, never found": counts[
                "held-out interactions of cold items"
            ],
        }

    def measure(
        self,
        parameters: AlsParameters,
        half_lives: Sequence[float],
        on_check: OnCheck | None = None,
    ) -> Recalls | None:
        """Train and rank; None when ``on_check`` stopped the training.

        During the training, recall is measured with the middle half-life only.
        """
        model = ExactALS.from_parameters(parameters)
        checks = _checks(parameters.iterations)
        ended = False

        def check(index: int, seconds: float, objective: float) -> bool:
            nonlocal ended
            if on_check is not None and index + 1 in checks:
                middle = half_lives[len(half_lives) // 2]
                found = self._recalls(model.current_item_factors(), None, parameters, [middle])
                ended = on_check(index + 1, found.by_half_life[middle])
            return ended

        model.fit(liked(confidence(self.split.train, parameters)), callback=check)
        if ended:
            return None
        return self._recalls(model.item_factors, model.user_factors, parameters, half_lives)

    def _recalls(
        self,
        item_factors: np.ndarray,
        user_factors: np.ndarray | None,
        parameters: AlsParameters,
        half_lives: Sequence[float],
    ) -> Recalls:
        """Recall with each half-life; without recency by ``user_factors`` if training is done."""
        users, items = self.split.test_users, MaximumInnerProduct.from_factors(item_factors)
        histories = confidence(self.split.train, parameters)
        newer = newer_items(self.split.train)
        fold_in = FoldIn.from_item_factors(item_factors, Penalty.from_parameters(parameters))

        def recall(half_life: float) -> float:
            if not half_life and user_factors is not None:
                vectors = user_factors[users]
            else:
                vectors = fold_in.solve_many(recency_weighted(histories, newer, half_life)[users])
            return self._recall(items, vectors, histories[users])

        return Recalls({half_life: recall(half_life) for half_life in half_lives})

    def _recall(
        self, items: MaximumInnerProduct, vectors: np.ndarray, seen: sparse.csr_matrix
    ) -> float:
        lists, _ = items.best(vectors, seen, K)
        return float((lists == self.split.test.interactions.item[:, None]).any(axis=1).mean())


def _checks(iterations: int) -> set[int]:
    """At a quarter, a half and three quarters."""
    checks = {round(iterations * n / (_CHECKS + 1)) for n in range(1, _CHECKS + 1)}
    return checks - {0, iterations}
