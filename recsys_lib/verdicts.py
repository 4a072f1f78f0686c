"""Verdicts that need no arrays: a run without work does not import NumPy for them."""

from __future__ import annotations

import math
from typing import Literal

Verdict = Literal["better", "worse", "within noise"]


def independent_verdict(change: float, half: float, other_half: float) -> Verdict:
    """Verdict on two means of which only the half-widths of their intervals are known.

    Treats the means as independent: noise reaches up to sqrt(a² + b²) for half-widths a and b. On
    the same users that is wider than the paired interval, so it errs towards "within noise".
    """
    if abs(change) <= math.hypot(half, other_half):
        return "within noise"
    return "better" if change > 0 else "worse"
