"""Excel workbooks: the first sheet with rows, every value as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import fastexcel
import polars as pl

from recsys_lib.data.formats.records import LINE, Records, Schema, Start, Work, with_fields
from recsys_lib.errors import InputDataError

_FIRST_ROW = 2  # the header is row 1


@dataclass(frozen=True)
class Excel:
    """Reader of ``.xlsx``, ``.xls`` and ``.ods``; a record's "line" is its row in the sheet."""

    def fields(self, path: Path, *, whole: bool = False) -> list[str]:
        """The names in the first row of the sheet."""
        return [name for name in _sheet(path).columns if not name.startswith("__UNNAMED__")]

    def read(self, path: Path, schema: Schema, start: Start) -> Iterator[Work]:
        """All rows at once, as a sheet has at most a million."""
        yield partial(_records, path, schema)


def _records(path: Path, schema: Schema) -> Records:
    frame = _sheet(path)
    rows = pl.int_range(_FIRST_ROW, _FIRST_ROW + len(frame), dtype=pl.Int64, eager=True)
    present = frame.select(name for name in schema if name in frame.columns)
    return Records(with_fields(present, schema, rows.alias(LINE)), [])


def _sheet(path: Path) -> pl.DataFrame:
    """The first sheet that is not empty; InputDataError where there is none."""
    try:
        book = fastexcel.read_excel(path)
        for name in book.sheet_names:
            frame = book.load_sheet(name, dtypes="string").to_polars()
            if frame.width and len(frame):
                return frame
    except (fastexcel.FastExcelError, OSError) as error:
        raise InputDataError(
            f"not readable as an Excel workbook ({error}): save it again, or as CSV", file=path
        ) from error
    raise InputDataError("no sheet of the workbook has rows below a header", file=path)
