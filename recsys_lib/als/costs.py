"""Which way to solve the rows is faster on this data: exactly, or by conjugate gradient."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recsys_lib.als.distinct import DistinctRows

# Operations a nanosecond of one core, as seen on Appliances, Video Games and MovieLens.
_SHORT_RATE, _LONG_RATE, _CHOLESKY_RATE, _PRODUCT_RATE, _STEP_RATE = 20.0, 70.0, 10.0, 70.0, 20.0
_CG_STEPS = 3


def exact_is_faster(user_items: sparse.csr_matrix, factors: int) -> bool:
    """Whether an iteration of exact solutions takes less time than one of conjugate gradient.

    Long rows are what conjugate gradient is good at; many short or repeated ones are not.
    """
    confidence = sparse.csr_matrix(user_items, dtype=np.float32)
    distinct = DistinctRows.of(confidence).rows
    by_item = np.bincount(distinct.indices, minlength=distinct.shape[1])
    k = np.concatenate([np.diff(distinct.indptr), by_item]).astype(np.float64)
    short = k**2 * factors / _SHORT_RATE + k**3 / 3 / _CHOLESKY_RATE
    long = 2 * k * factors**2 / _LONG_RATE + 2 / 3 * factors**3 / _CHOLESKY_RATE
    products = 4 * len(k) * factors**2 / _PRODUCT_RATE
    exact = np.where(k <= factors, short, long).sum() + products
    steps = 2 * factors**2 * sum(confidence.shape) + 8 * factors * confidence.nnz
    return bool(exact < _CG_STEPS * steps / _STEP_RATE)
