"""Machine code from Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb

_MATH = {"contract", "reassoc"}  # sums may be vectorized; NaN and infinity stay what they are


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Machine code that is kept between runs and lets other threads go on."""
    return nb.njit(cache=True, nogil=True, fastmath=_MATH)(function)
