"""How far two distributions of counts are apart."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import entr


def divergence(before: np.ndarray, now: np.ndarray) -> float:
    """Jensen-Shannon divergence of two arrays of counts, in bits, from 0 to 1.

    Examples
    --------
    >>> divergence(np.array([5, 5]), np.array([10, 10]))
    0.0
    >>> divergence(np.array([1, 0]), np.array([0, 1]))
    1.0
    """
    p, q = before / before.sum(), now / now.sum()
    nats = entr((p + q) / 2).sum() - (entr(p).sum() + entr(q).sum()) / 2
    return float(max(nats, 0.0) / math.log(2))
