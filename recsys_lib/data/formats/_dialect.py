"""How a text table is written: separator, quotes, header, found from its first lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from recsys_lib.data.formats._rows import RowReader

_SEPARATORS = ",;\t|"
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?")


def detect_separator(lines: Sequence[str], usual: str, quote: str | None = None) -> str:
    """The separator that all lines have equally often, the usual one before others.

    Without such a separator, the first one that the header has.
    """
    header = lines[0] if lines else ""
    if len(usual) > 1:
        if usual in header:
            return usual
        usual = _SEPARATORS[0]
    ordered = usual + "".join(mark for mark in _SEPARATORS if mark != usual)
    for mark in ordered:
        counts = {len(row) for row in _split(lines, mark, quote)}
        if len(counts) == 1 and max(counts) > 1:
            return mark
    return next((mark for mark in ordered if mark in header), usual)


def _split(lines: Sequence[str], mark: str, quote: str | None) -> Iterator[list[str]]:
    if quote == "":
        return csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=mark, quotechar=quote or '"')


def is_quoted(lines: Sequence[str], separator: str) -> bool:
    """Whether values stand in double quotes: more of them are closed than left open."""
    values = [value.strip() for line in lines for value in line.split(separator)]
    closed = sum(len(v) > 1 and v.startswith('"') and v.endswith('"') for v in values)
    return 2 * closed > sum(v.startswith('"') or v.endswith('"') for v in values)


def has_header(first: Sequence[str]) -> bool:
    """Whether the first row names columns: no name is a number."""
    return not any(_NUMBER.fullmatch(value.strip()) for value in first)


def ends_in_separator(lines: Sequence[str], rows: RowReader, n_columns: int) -> bool:
    """Whether every row has one more value than there are columns, an empty one."""
    values = [rows.split(line) for line in lines]
    return bool(values) and all(len(v) == n_columns + 1 and not v[-1].strip() for v in values)


def unique_names(header: Sequence[str]) -> list[str]:
    """The names of the columns, those that repeat numbered, and none for nameless columns.

    >>> unique_names(["user", "note", "", "note"])
    ['user', 'note', '', 'note (2)']
    """
    names: list[str] = []
    known: set[str] = set()
    for name in header:
        if name and name in known:
            n_before = sum(earlier == name or earlier.startswith(f"{name} (") for earlier in names)
            names.append(f"{name} ({n_before + 1})")
        else:
            names.append(name)
        known.add(names[-1])
    return names
