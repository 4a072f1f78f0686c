"""Bounds for what cells print: a report of 60 MB helps nobody, and may not fit in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

MOST_TEXT = 200_000
"""Characters of printed text that are kept of a cell."""
MOST_DATA = 20_000_000
"""Characters of shown tables and pictures that are kept of a cell."""
_ENOUGH = "\n[the cell printed more than {limit:,} characters: the rest is left out]\n"
_TOO_LARGE = "[an output of {size:,} characters is left out]"


class OutputBounds:
    """Passes the messages of a kernel on, up to a limit for each cell."""

    def __init__(self) -> None:
        self._shown: Counter[int] = Counter()
        self._full: set[int] = set()

    def message(
        self, message: dict[str, Any], cell: int, outputs: Sequence[Any]
    ) -> dict[str, Any] | None:
        """The message, shortened if need be; None when the cell printed enough before.

        ``outputs`` are those of the cell so far.
        """
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            text = self._bounded(content["text"], cell, outputs)
            return {**message, "content": {**content, "text": text}} if text else None
        if kind in ("display_data", "execute_result", "update_display_data"):
            size = _size(content["data"])
            if self._shown[cell] + size > MOST_DATA:
                left_out = {"text/plain": _TOO_LARGE.format(size=size)}
                return {**message, "content": {**content, "data": left_out}}
            self._shown[cell] += size
        return message

    def fold(self, outputs: list[Any]) -> None:
        """Keep only the last state of each line of the newest text that a carriage return rewrote.

        A progress bar that prints itself a thousand times is one line in a terminal, too.
        """
        last = outputs[-1] if outputs else None
        if last is not None and last.output_type == "stream" and "\r" in last.text:
            last.text = folded(last.text)

    def _bounded(self, text: str, cell: int, outputs: Sequence[Any]) -> str:
        """What of a text is within the limit; text that was folded counts as it is kept."""
        if cell in self._full:
            return ""
        text = folded(text) if "\r" in text else text
        left = MOST_TEXT - sum(len(out.text) for out in outputs if out.output_type == "stream")
        if len(text) <= left:
            return text
        self._full.add(cell)
        return text[: max(left, 0)] + _ENOUGH.format(limit=MOST_TEXT)


def folded(text: str) -> str:
    """Text as a terminal leaves it: after a carriage return a line begins anew.

    Examples
    --------
    >>> folded("10 %\\r20 %\\r100 %\\ndone")
    '100 %\\ndone'
    """
    lines = text.replace("\r\n", "\n").split("\n")
    kept = [line.rstrip("\r").rpartition("\r")[2] for line in lines[:-1]]
    open_line = lines[-1]
    tail = "\r" if open_line.endswith("\r") else ""
    start = "\r" if len(lines) == 1 and open_line.startswith("\r") else ""
    return "\n".join([*kept, start + open_line.rstrip("\r").rpartition("\r")[2] + tail])


def _size(data: Mapping[str, Any]) -> int:
    return sum(len(value) if isinstance(value, str) else 0 for value in data.values())
