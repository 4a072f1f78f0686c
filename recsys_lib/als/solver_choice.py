"""Which solver and which device the training uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import sparse

from recsys_lib.als._distinct import DistinctRows
from recsys_lib.errors import ParameterError
from recsys_lib.imports import has_torch, require_torch
from recsys_lib.parameters import AlsParameters

# Operations per nanosecond of one core, measured on Appliances, Video Games and MovieLens.
_SHORT_RATE, _LONG_RATE, _CHOLESKY_RATE, _PRODUCT_RATE, _STEP_RATE = 20.0, 70.0, 10.0, 70.0, 20.0
_CG_STEPS = 3
_DRIVERS = (Path("/proc/driver/nvidia/version"), Path("C:/Windows/System32/nvcuda.dll"))


def choose_device(wanted: str) -> str:
    """The device for ``als.device``: "cpu" or "cuda".

    Raises ParameterError if "cuda" is wanted and there is no GPU. torch takes seconds to import,
    so it is only consulted where a driver is installed.
    """
    if wanted == "cuda":
        require_torch("als.device cuda")
    has_gpu = has_torch() and any(path.exists() for path in _DRIVERS)
    if wanted == "cpu" or (wanted == "auto" and not has_gpu):
        return "cpu"
    from recsys_lib.als._cuda import is_available  # noqa: PLC0415  # imports torch

    if is_available():
        return "cuda"
    if wanted == "cuda":
        raise ParameterError("als.device is cuda, but torch sees no GPU: set it to auto or cpu")
    return "cpu"


def use_exact_solver(
    confidences: sparse.csr_matrix, parameters: AlsParameters, device: str, *, warm_start: bool
) -> bool:
    """Whether to solve rows exactly rather than by conjugate gradient.

    With solver "auto" the faster one is used. Conjugate gradient supports neither frequency
    scaling, nor a GPU, nor a start from item factors alone.
    """
    if parameters.solver != "auto":
        return parameters.solver == "exact"
    if device != "cpu" or warm_start or parameters.frequency_scaling:
        return True
    return exact_is_faster(confidences, parameters.factors)


def exact_is_faster(user_items: sparse.csr_matrix, factors: int) -> bool:
    """Whether an exact iteration takes less time than one of conjugate gradient.

    Conjugate gradient is good at few, long rows; the exact solver at many short or repeated ones.
    """
    confidence = sparse.csr_matrix(user_items, dtype=np.float32)
    distinct = DistinctRows.from_matrix(confidence).rows
    by_item = np.bincount(distinct.indices, minlength=distinct.shape[1])
    k = np.concatenate([np.diff(distinct.indptr), by_item]).astype(np.float64)
    # Per row: build the smaller of the two systems, and factorize it.
    short = k**2 * factors / _SHORT_RATE + k**3 / 3 / _CHOLESKY_RATE
    long = 2 * k * factors**2 / _LONG_RATE + 2 / 3 * factors**3 / _CHOLESKY_RATE
    # Gram matrix and rotation of the fixed side.
    products = 4 * len(k) * factors**2 / _PRODUCT_RATE
    exact = np.where(k <= factors, short, long).sum() + products
    # Each step multiplies by the Gram matrix once per row, and by the factors of every entry;
    # implicit does this for repeated users, too.
    steps = 2 * factors**2 * sum(confidence.shape) + 8 * factors * confidence.nnz
    return bool(exact < _CG_STEPS * steps / _STEP_RATE)
