"""Numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Mapping

Metrics = Mapping[str, float | None]

_MISSING = "-"


def human(value: float | None) -> str:
    """A number to read: separators, or four significant digits; a dash if it is missing."""
    if value is None or not math.isfinite(value):
        return _MISSING
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
