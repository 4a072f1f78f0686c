"""What updates added to the given files of a dataset, which are never changed.

``data/updates/<dataset>/`` has a numbered folder for each update. Every load of the dataset reads
them after the files, so that a full run has what the updates before it had.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.columns import Feedback, Products, Ratings
from recsys_lib.data.cleaning.ratings import ROW_SCHEMA
from recsys_lib.data.units import NONE
from recsys_lib.files import replacing_folder, sha256
from recsys_lib.paths import FORGOTTEN_FILE

UPDATE = "update"
"""The type of added events that have none, in a dataset whose events have types."""
_RATINGS, _PRODUCTS, _TAKEN = "ratings.parquet", "products.parquet", "taken.parquet"
_PRODUCT_SCHEMA = {
    **dict.fromkeys(Products.ALL, pl.String()),
    Products.AVERAGE_RATING: pl.Float64(),
    Products.RATING_NUMBER: pl.Int64(),
    Products.PRICE: pl.Float64(),
}


@dataclass(frozen=True)
class Form:
    """What the given files say of interactions; added ones are brought into this form.

    Parameters
    ----------
    columns: ``Ratings.ALL``, and the optional columns of the files.
    has_ratings: whether the files hold ratings.
    unit: of the times; without times, added ones do not count either.
    """

    columns: tuple[str, ...]
    has_ratings: bool
    unit: str

    def fit(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with exactly these columns."""
        missing = [name for name in ROW_SCHEMA if name not in rows.columns]
        full = rows.with_columns(pl.lit(None, ROW_SCHEMA[name]).alias(name) for name in missing)
        rating = pl.col(Ratings.RATING) if self.has_ratings else pl.lit(None, pl.Float64)
        time = pl.lit(0, pl.Int64) if self.unit == NONE else pl.col(Ratings.TIMESTAMP)
        return full.with_columns(
            rating.alias(Ratings.RATING),
            time.alias(Ratings.TIMESTAMP),
            pl.col(Ratings.QUANTITY).fill_null(1.0),
            pl.col(Ratings.EVENT).fill_null(UPDATE),
        ).select(self.columns)


@dataclass(frozen=True)
class Additions:
    """The updates of one dataset, in ``folder``."""

    folder: Path

    @property
    def parts(self) -> list[Path]:
        """The folders of the updates, oldest first."""
        return sorted(path for path in self.folder.glob("[0-9]*") if path.is_dir())

    def digests(self) -> dict[str, str]:
        """SHA-256 of every file that counts for a load, by its name in the folder.

        That is also the list of users who are forgotten.
        """
        paths = [part / name for part in self.parts for name in (_RATINGS, _PRODUCTS)]
        paths.append(self.folder / FORGOTTEN_FILE)
        return {
            path.relative_to(self.folder).as_posix(): sha256(path)
            for path in paths
            if path.is_file()
        }

    def rows(self, form: Form, but: Collection[str] = ()) -> pl.DataFrame:
        """All added interactions in the form of the files, but those of the named updates."""
        frames = [
            form.fit(pl.read_parquet(part / _RATINGS, glob=False))
            for part in self.parts
            if part.name not in but and (part / _RATINGS).is_file()
        ]
        none = pl.DataFrame(schema={name: ROW_SCHEMA[name] for name in form.columns})
        return pl.concat([none, *frames])

    def products(self, only: Collection[str] | None = None) -> pl.DataFrame:
        """All added products, or those of the named updates; of several of one id the newest.

        Columns ``Products.ALL``.
        """
        parts = [part for part in self.parts if only is None or part.name in only]
        paths = [part / _PRODUCTS for part in parts if (part / _PRODUCTS).is_file()]
        frames = [pl.read_parquet(path, glob=False) for path in paths]
        both = pl.concat([pl.DataFrame(schema=_PRODUCT_SCHEMA), *frames])
        return both.unique(Products.ITEM, keep="last", maintain_order=True)

    def taken(self) -> set[str]:
        """Ids of the events of the feedback log that were added."""
        paths = [part / _TAKEN for part in self.parts if (part / _TAKEN).is_file()]
        return {
            event
            for path in paths
            for event in pl.read_parquet(path, glob=False)[Feedback.EVENT].to_list()
        }

    def add(
        self, rows: pl.DataFrame, products: pl.DataFrame | None = None, taken: Sequence[str] = ()
    ) -> Path:
        """Keep an update: interactions, products, and the ids of the events that it took."""
        last = int(self.parts[-1].name) if self.parts else 0
        part = self.folder / f"{last + 1:06}"
        with replacing_folder(part) as folder:
            if len(rows):
                rows.write_parquet(folder / _RATINGS)
            if products is not None and len(products):
                products.select(Products.ALL).write_parquet(folder / _PRODUCTS)
            if taken:
                pl.DataFrame({Feedback.EVENT: list(taken)}).write_parquet(folder / _TAKEN)
        return part

    def remove(self, users: Sequence[str]) -> int:
        """Remove the interactions of users; how many there were."""
        removed = 0
        for part in self.parts:
            path = part / _RATINGS
            if not path.is_file():
                continue
            rows = pl.read_parquet(path, glob=False)
            left = rows.filter(~pl.col(Ratings.USER).is_in(users))
            if len(left) == len(rows):
                continue
            removed += len(rows) - len(left)
            _rewrite(part, left)
        return removed


def with_added(products: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """The products of the files, and the added ones that the files do not have; ordered by id."""
    new = added.filter(~pl.col(Products.ITEM).is_in(products[Products.ITEM].implode()))
    columns = [name for name in products.columns if name not in added.columns]
    full = new.with_columns(pl.lit(None, products.schema[name]).alias(name) for name in columns)
    return pl.concat([products, full.select(products.columns)]).sort(Products.ITEM)


def _rewrite(part: Path, rows: pl.DataFrame) -> None:
    """Replace the interactions of an update, and keep the rest of its folder."""
    others = [path for path in part.iterdir() if path.name != _RATINGS]
    with replacing_folder(part) as folder:
        for path in others:
            (folder / path.name).write_bytes(path.read_bytes())
        if len(rows):
            rows.write_parquet(folder / _RATINGS)
