"""What can be said of one file: its kind, encoding, separator, size, and each of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from recsys_lib.data import _samples
from recsys_lib.data.formats import (
    TextForm,
    count_lines,
    first_fields,
    first_records,
    form_of,
)
from recsys_lib.data.formats._blocks import plain_name
from recsys_lib.data.queries import is_result
from recsys_lib.errors import InputDataError

_WIDEST = 40  # characters of an example


@dataclass(frozen=True)
class ColumnFacts:
    """A column: its first different values, and what it is read as ("" for nothing)."""

    name: str
    examples: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class FileFacts:
    """A file: what it is used for, how it is written, and its columns.

    ``rows`` are the lines of a text, its header included. ``problem`` says why the file cannot be
    read; "" when it can.
    """

    path: Path
    role: str
    kind: str
    encoding: str
    separator: str
    rows: int
    columns: tuple[ColumnFacts, ...]
    problem: str = ""

    def title(self) -> str:
        """All but the columns, in one line."""
        facts = [self.kind, self.encoding, self.separator and f"separator {self.separator!r}"]
        unit = "lines" if self.encoding else "rows"
        rows = "" if self.problem else f"{self.rows:,} {unit}"
        name = self.path.name
        if is_result(self.path):
            name = f"{self.path.parent.name}, fetched into {name}"
        return f"{name} ({self.role}): {', '.join(filter(None, [*facts, rows]))}"


def facts_of(
    path: Path, role: str, fields: Mapping[str, tuple[str, ...]], form: TextForm
) -> FileFacts:
    """Facts about a file whose columns are read as ``fields``; it need not be readable."""
    kind = Path(plain_name(path)).suffix.lstrip(".").lower()
    kind += f", compressed with {path.suffix.lstrip('.')}" if plain_name(path) != path.name else ""
    try:
        names = [name for name in first_fields(path, form) if name]
        inner = _samples.inner_names(path, form)
        objects = {name.partition(".")[0] for name in inner}
        read_as = {theirs: ours for ours, all_names in fields.items() for theirs in all_names}
        shown = [n for n in names if n not in objects or n in read_as] + inner
        columns = tuple(_column(path, name, read_as, form) for name in shown)
        found = form_of(path, form)
        encoding, separator = found.encoding or "", found.separator or ""
        return FileFacts(path, role, kind, encoding, separator, _rows(path, form), columns)
    except InputDataError as error:
        return FileFacts(path, role, kind, "", "", 0, (), str(error))


def _column(path: Path, name: str, read_as: Mapping[str, str], form: TextForm) -> ColumnFacts:
    texts = _samples.examples(path, name, form)
    cut = (text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…" for text in texts)
    return ColumnFacts(name, tuple(cut), read_as.get(name, ""))


def _rows(path: Path, form: TextForm) -> int:
    """Lines of a text, or rows of a table."""
    n_lines = count_lines(path, form)
    if n_lines is not None:
        return n_lines
    if plain_name(path).endswith(".parquet"):
        return int(pq.read_metadata(path).num_rows)
    return len(first_records(path, {}).frame)  # a workbook is read as a whole
