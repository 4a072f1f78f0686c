"""Judged queries (qrels): which products answer a query, and how well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.ranking import dcg

JUDGED = "judged queries"
QUERY, ITEM, RATING = "query", "item_id", "rating"
_NAMES = {
    QUERY: ("query",),
    ITEM: ("item_id", "parent_asin", "asin", "product_id", "docid"),
    RATING: ("rating", "grade", "relevance", "label"),
}
_BROKEN = "\ufffd"


@dataclass(frozen=True)
class Qrels:
    """Queries with their graded products.

    Parameters
    ----------
    name: where they come from, in words.
    queries: the texts.
    grades: for each query the grade of each judged product by its row; 0 is no answer. Rows below
        0 are products that are not in the index and so cannot be found.
    prefix: of the names of metrics; "" for judged queries.
    """

    name: str
    queries: list[str]
    grades: list[dict[int, float]]
    prefix: str = ""

    @property
    def n_answerable(self) -> int:
        """Queries with at least one product that answers them; the others have no nDCG."""
        return sum(any(grade > 0 for grade in graded.values()) for graded in self.grades)

    @property
    def n_unknown(self) -> int:
        """Judgments of products that are not in the index."""
        return sum(row < 0 for graded in self.grades for row in graded)

    def facts(self) -> dict[str, int | str]:
        """Their numbers, to show."""
        return {
            "query set": self.name,
            "queries": len(self.queries),
            "answerable queries": self.n_answerable,
            "judgments": sum(map(len, self.grades)),
            "not in the index": self.n_unknown,
        }


def ndcg(rows: np.ndarray, grades: Mapping[int, float], k: int) -> float:
    """Discounted gain over that of the ideal list, both cut at k; the gain is 2^grade - 1.

    Products without a grade count as 0. Reference: Burges et al., "Learning to rank using gradient
    descent" (2005).
    """
    best = np.sort(_gains(np.array(list(grades.values()))))[::-1]
    ideal = float(dcg(best[:k]))
    found = np.array([grades.get(int(row), 0.0) for row in rows[:k]])
    return float(dcg(_gains(found))) / ideal if ideal > 0 else float("nan")


def read_qrels(path: Path, columns: Mapping[str, str], items: IdMap) -> Qrels:
    """Read a table with a row per judged (query, product): CSV, TSV or Parquet.

    ``columns`` maps query, item_id and rating to their names in the file, where those differ. Of
    several judgments of one product the best counts. Raises InputDataError for a file or a record
    that cannot be used, naming it; bytes that are not UTF-8 are tolerated in other columns.
    """
    frame = _read(path)
    names = _column_names(path, frame.columns, columns)
    table = frame.select(pl.col(theirs).alias(ours) for ours, theirs in names.items())
    table = table.with_columns(pl.col(RATING).cast(pl.Float64, strict=False))
    _check(path, table, names)
    best = table.group_by(QUERY, ITEM, maintain_order=True).agg(pl.col(RATING).max())
    graded: dict[str, dict[int, float]] = {}
    for number, (query, item, rating) in enumerate(best.iter_rows()):
        row = items.row(item) if item in items else -1 - number
        graded.setdefault(query, {})[row] = rating
    return Qrels(JUDGED, list(graded), list(graded.values()))


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise InputDataError(
            "no such file: judgments must be a file in the dataset's folder, or an absolute path",
            file=path,
        )
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path, glob=False)
        separator = "\t" if ".tsv" in path.suffixes else ","
        return pl.read_csv(path, separator=separator, infer_schema=False, encoding="utf8-lossy")
    except pl.exceptions.PolarsError as error:
        raise InputDataError(f"cannot be read as a table ({error})", file=path) from error


def _column_names(path: Path, present: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    for ours in columns:
        if ours not in _NAMES:
            raise ParameterError(
                f"judgment_columns: there is no {ours!r}; choose from {', '.join(_NAMES)}"
            )
    names = {}
    for ours, usual in _NAMES.items():
        wanted = (columns[ours],) if ours in columns else usual
        found = next((name for name in wanted if name in present), None)
        if found is None:
            raise InputDataError(
                f"the file has {', '.join(present)}: set judgment_columns to {{{ours}: NAME}}",
                file=path,
                field=" or ".join(wanted),
            )
        names[ours] = found
    return names


def _check(path: Path, table: pl.DataFrame, names: Mapping[str, str]) -> None:
    if table.is_empty():
        raise InputDataError("the file holds no judgments", file=path)
    blank = pl.col(QUERY).str.strip_chars().fill_null("") == ""
    problems = (
        (QUERY, blank | pl.col(QUERY).str.contains(_BROKEN, literal=True), "blank or not UTF-8"),
        (ITEM, pl.col(ITEM).is_null(), "missing"),
        (RATING, ~pl.col(RATING).is_between(0, 30).fill_null(False), "not a number from 0 to 30"),
    )
    for column, problem, reason in problems:
        bad = table.select(problem.arg_true()).to_series()
        if len(bad):
            first = int(bad[0]) + 1
            raise InputDataError(f"{reason} in record {first}", file=path, field=names[column])
    if not table.select((pl.col(RATING) > 0).any()).item():
        raise InputDataError(
            "no rating is above 0, so no product answers any query: give ratings where larger "
            "is better",
            file=path,
            field=names[RATING],
        )


def _gains(grades: np.ndarray) -> np.ndarray:
    return np.exp2(grades) - 1
