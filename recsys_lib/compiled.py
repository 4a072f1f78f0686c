"""Compile Python functions with numba, all with the same options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba as nb

# Allows vectorized sums and fused multiply-add, but keeps NaN and infinity as they are.
_MATH = {"contract", "reassoc"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``function``: cached on disk between runs, and without the interpreter lock."""
    return nb.njit(cache=True, nogil=True, fastmath=_MATH)(function)
