"""Units of the times of a dataset."""

from __future__ import annotations

MILLISECONDS, SECONDS, ORDER = "ms", "s", "order"
NONE = "none"
"""Without times, all interactions share the moment 0: the order of the lines is not a time."""
AUTO = "auto"

ORDER_BELOW = 100_000_000  # in seconds this is March 1973: no review is that old
