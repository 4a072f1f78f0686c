"""Nesterov's momentum: alternating least squares in a third of the iterations.

An iteration k starts not from the item factors y_k of the one before, but from

    y_k + (m - 1) / (m + 2) * (y_k - y_(k-1)),

where m counts the iterations since the last restart. Where the objective rises, the momentum went
too far: m starts at 1 again, and the next iteration is one without momentum. The solutions of an
iteration stay exact, and so does its objective.

References: Wang, Ye and De Sterck, "Nesterov acceleration of alternating least squares for
canonical tensor decomposition: momentum step size and restart mechanisms" (2020); O'Donoghue and
Candès, "Adaptive restart for accelerated gradient schemes" (2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

_BEFORE, _MOMENT = "factors_before", "moment"


class Momentum:
    """What the factors of one side gained in the last iteration, and for how long they went on.

    Factors are float32, shape (items, factors): NumPy arrays, or tensors on a GPU.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._since_restart, self._objective = 0, float("inf")

    def push(self, factors: Any) -> None:
        """Move ``factors``, which an iteration is to start from, further on their way."""
        now = deepcopy(factors)
        m = self._since_restart
        if self._before is not None and m > 1:
            factors -= self._before
            factors *= (m - 1) / (m + 2)
            factors += now
        self._before = now

    def follow(self, rotation: Any, objective: float) -> None:
        """Note the objective of an iteration, which has turned the axes of the factors."""
        self._before = self._before @ rotation
        self._since_restart = 1 if objective > self._objective else self._since_restart + 1
        self._objective = objective

    def state(self) -> dict[str, Any]:
        """What the next iteration depends on; empty before the first one."""
        if self._before is None:
            return {}
        return {
            _BEFORE: self._before,
            _MOMENT: np.array([self._since_restart, self._objective]),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a ``state``."""
        if _BEFORE in state:
            self._before = deepcopy(state[_BEFORE])
            since_restart, self._objective = map(float, state[_MOMENT])
            self._since_restart = int(since_restart)
