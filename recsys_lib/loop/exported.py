"""Lists of an export in the log: written once, as a whole, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from filelock import FileLock

from recsys_lib.columns import Exports, Feedback
from recsys_lib.files import replacing, writing
from recsys_lib.loop.assignment import NO_ARM, NO_TEAM
from recsys_lib.loop.reading import LISTS, file_rows, stored
from recsys_lib.loop.records import utc_text
from recsys_lib.loop.rotation import ROTATION_LOCK

EXPORT_ROUTE = "export"
"""The route of lists that were written to a file; whether people saw them is not known."""


def log_export(folder: Path, path: Path, version: str, policy: str) -> None:
    """Add the lists of an exported file to the Parquet file of today (UTC).

    They are there all at once, and need little memory.

    Parameters
    ----------
    folder
        Of feedback; made where it is missing.
    path
        recommendations.parquet with a column list_id.
    version, policy
        As the log has them, see :class:`recsys_lib.loop.ServedList`.

    Raises
    ------
    StorageError
        Where the file cannot be written; nothing is logged then.
    """
    now = datetime.now(UTC)
    target = folder / f"day={utc_text(now)[:10]}" / LISTS.file
    facts = {
        Feedback.TIME: pl.lit(now, dtype=LISTS.schema[Feedback.TIME]),
        Feedback.USER: pl.col(Exports.USER),
        Feedback.SESSION: pl.lit(None, dtype=pl.String),
        Feedback.VERSION: pl.lit(version),
        Feedback.ARM: pl.lit(NO_ARM),
        Feedback.POLICY: pl.lit(policy),
        Feedback.ROUTE: pl.lit(EXPORT_ROUTE),
        Feedback.QUESTION: pl.col(Exports.USER),
        Feedback.MILLISECONDS: pl.lit(None, dtype=pl.Float64),
        Feedback.ITEM: pl.col(Exports.ITEM),
        Feedback.POSITION: pl.col(Exports.RANK).cast(pl.Int64),
        Feedback.SCORE: pl.col(Exports.SCORE).cast(pl.Float64),
        Feedback.SOURCE: pl.lit(""),
        Feedback.PROPENSITY: pl.lit(1.0),
        Feedback.TEAM: pl.lit(NO_TEAM),
    }
    texts = pl.col(Exports.LIST, Exports.USER, Exports.ITEM).cast(pl.String)
    rows = pl.scan_parquet(path).with_columns(texts).with_columns(**facts)
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ROTATION_LOCK), replacing(target) as temporary:
            frames = [rows.select(*LISTS.schema)]
            if target.is_file():
                before = file_rows(target, LISTS, list(LISTS.schema))
                frames.insert(0, stored(before).lazy())
            pl.concat(frames).sink_parquet(temporary)
