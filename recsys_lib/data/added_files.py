"""Read files of new interactions and products by the rules for the files of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.data._finder import NO_FILES
from recsys_lib.data._intake import Intake, read_input
from recsys_lib.data.cleaning.notation import NO_ZONE, Wishes
from recsys_lib.data.formats import first_fields
from recsys_lib.data.formats.records import Rejected
from recsys_lib.data.input_files import find_input_files
from recsys_lib.data.units import UNDATED
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

_TYPE, _ITEM, _TIME = "type", "item_id", "time"
"""Columns of the events of the service."""


@dataclass(frozen=True)
class AddedRows:
    """Clean rows of a file, and what became of its other lines.

    Parameters
    ----------
    rows: interactions (``Ratings.ALL`` and optional columns), or products (``Products.ALL``).
    rejected: lines that cannot be used, with their reasons.
    n_lines: lines of the file.
    n_unzoned: times without an offset from UTC, which are taken to be UTC.
    """

    rows: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int
    n_unzoned: int = 0


def read_events_file(dataset: Dataset, path: Path, parameters: EtlParameters) -> AddedRows:
    """Interactions of a file: JSON lines, CSV or Parquet, with times.

    Parameters
    ----------
    dataset
        The dataset that they are for.
    path
        The file: with the columns of a file of ratings, or of the events of the service.
    parameters
        ``columns`` and the form of text files are used.

    Returns
    -------
    AddedRows
        Those that the rules for the files of a dataset let through.

    Raises
    ------
    InputDataError
        If the file cannot be used, or has no times.
    """
    _require(path)
    wanted = parameters.model_copy(update={"reviews": path.name, "products": NO_FILES})
    if {_TYPE, _ITEM, _TIME} <= {*first_fields(path)} and Ratings.EVENT not in wanted.columns:
        wanted = wanted.model_copy(update={"columns": {**wanted.columns, Ratings.EVENT: _TYPE}})
    intake = _read(dataset, path, wanted)
    if intake.unit in UNDATED:
        raise InputDataError(
            "it has no times, so nothing says where its events belong in a history: add a column "
            "such as timestamp, or name it with --set etl.columns={timestamp: NAME}",
            file=path,
        )
    n_unzoned = sum(found[NO_ZONE] for found in intake.evidence.values())
    return AddedRows(intake.rows, intake.rejected, intake.n_lines, n_unzoned)


def read_products_file(dataset: Dataset, path: Path, parameters: EtlParameters) -> AddedRows:
    """Products of a file, with the columns of a file of products."""
    _require(path)
    wanted = parameters.model_copy(update={"reviews": NO_FILES, "products": path.name})
    catalogue = _read(dataset, path, wanted).catalogue.result()
    return AddedRows(catalogue.frame, catalogue.rejected, catalogue.n_lines)


def no_products() -> AddedRows:
    """What a file without a line would give."""
    return AddedRows(pl.DataFrame(schema=dict.fromkeys(Products.ALL, pl.String)), [], 0)


def _read(dataset: Dataset, path: Path, parameters: EtlParameters) -> Intake:
    folder = Dataset(dataset.name, path.resolve().parent, dataset.root)
    return read_input(find_input_files(folder, parameters), Wishes.from_parameters(parameters))


def _require(path: Path) -> None:
    if path.is_dir():
        raise InputDataError("this is a folder: name one file, and call once for each", file=path)
    if not path.is_file():
        raise InputDataError("there is no such file: check the path", file=path)
