"""Units of the times of a dataset."""

from __future__ import annotations

SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS = "s", "ms", "us", "ns"
ORDER = "order"
NONE = "none"
"""Without times, all interactions share the moment 0: the order of the lines is not a time."""
MIXED = "mixed"
"""Times whose unit differs between files; each file is read in its own."""
AUTO = "auto"
UNDATED = (ORDER, NONE)

ORDER_BELOW = 100_000_000  # in seconds this is March 1973: no review is that old
EARLIEST = 631_152_000_000  # 1990-01-01 in milliseconds: no shop is older than the Web
DAY = 86_400_000  # milliseconds
