"""The stored data of a dataset: what an update goes on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.additions import Additions, Form
from recsys_lib.data.cleaning.duplicates import LatestRatings, latest_ratings
from recsys_lib.data.summary import read_summary
from recsys_lib.errors import ArtifactError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import ROWS_FILE, Dataset

_POSITION = "__position__"
_UNKNOWN = "was written by an earlier release"


@dataclass(frozen=True)
class StoredData:
    """The stored data of a dataset, as the last load or update left them.

    Parameters
    ----------
    summary: of the last load, with the counts of now.
    rows: distinct rows of the files and of the updates before the last load.
    """

    dataset: Dataset
    summary: dict[str, Any]
    rows: pl.DataFrame

    @classmethod
    def load(cls, dataset: Dataset) -> StoredData:
        """Read them; ArtifactError says to run the etl step where they are missing."""
        summary, path = read_summary(dataset.processed), dataset.processed / ROWS_FILE
        if "parameters" not in summary or not path.is_file():
            raise ArtifactError(
                f"{dataset.processed} {_UNKNOWN}: run the etl step again "
                "(python run_pipeline.py --steps etl --force, or notebooks/01_etl.ipynb)"
            )
        return cls(dataset, summary, pl.read_parquet(path, glob=False))

    @property
    def form(self) -> Form:
        """What the files say of interactions."""
        return form_of(self.summary)

    @property
    def parameters(self) -> EtlParameters:
        """Of the last load."""
        return EtlParameters.model_validate(self.summary["parameters"])

    def latest(self, additions: Additions) -> LatestRatings:
        """The last rating of each pair, among these rows and those of all updates."""
        return latest_ratings(pl.concat([self.rows, additions.rows(self.form)], rechunk=True))

    def new_among(self, rows: pl.DataFrame, additions: Additions) -> pl.DataFrame:
        """Those of ``rows`` that neither the files nor an update have."""
        fitted = self.form.fit(rows).with_row_index(_POSITION)
        users = rows[Ratings.USER].unique().implode()
        mine = self.rows.filter(pl.col(Ratings.USER).is_in(users))
        known = pl.concat([mine, additions.rows(self.form)])
        new = fitted.join(known, on=self.form.columns, how="anti", nulls_equal=True)
        new = new.unique(self.form.columns, keep="first")
        return rows[new[_POSITION].sort()]


def form_of(summary: dict[str, Any]) -> Form:
    """What the files of a dataset say of interactions, from its summary."""
    given = summary["review_columns"]
    optional = (name for name in Ratings.OPTIONAL if given.get(name))
    columns = (*Ratings.ALL, *optional)
    return Form(columns, summary["has_ratings"], summary["timestamp_unit"])
