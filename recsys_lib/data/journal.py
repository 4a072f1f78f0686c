"""What was read of a dataset before, so that only what is new has to be read (etl.mode: append).

The journal keeps all distinct rows in their places, not just the last rating of a pair: with the
new lines put where they belong, everything that follows is the same as after a full load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.data.background import in_background
from recsys_lib.data.catalogue import Catalogue, join_catalogues
from recsys_lib.data.cleaning import FILE
from recsys_lib.data.formats.blocks import LINE, Start
from recsys_lib.data.formats.open_files import COMPRESSED
from recsys_lib.data.intake import Extent, Intake, measure, read_source, renumbered
from recsys_lib.data.rejected import read_rejected, write_rejected
from recsys_lib.data.sources import Source
from recsys_lib.files import read_json, replacing_folder, write_json

_FOLDER, _STATE = "journal", "state.json"
_RATINGS, _PRODUCTS, _REJECTED = "ratings.parquet", "products.parquet", "rejected.jsonl"


@dataclass(frozen=True)
class Journal:
    """A stored intake, with the counts of what its frames do not show any more."""

    folder: Path
    state: dict[str, Any]

    @classmethod
    def of(cls, processed: Path) -> Journal | None:
        """The journal of a dataset; None when none was written yet."""
        folder = processed / _FOLDER
        path = folder / _STATE
        return cls(folder, read_json(path)) if path.is_file() else None

    @property
    def files(self) -> dict[Path, Extent]:
        """How far each file was read."""
        return {Path(path): Extent(**extent) for path, extent in self.state["files"].items()}

    def obstacle(self, source: Source, timestamp_unit: str) -> str | None:
        """Why new lines cannot just be added; None when they can."""
        if self.state["rules"] != _rules(source, timestamp_unit):
            return "the way of reading changed"
        for path, extent in self.files.items():
            if path not in (*source.reviews, *source.products):
                return f"{path} is no longer part of the input"
            _, part = measure(path, extent.bytes)
            whole = path.stat().st_size == extent.bytes
            if part != extent or not (whole or _continues(path, extent.bytes)):
                return f"{path} was changed, not only continued"
        return None


def read_new(
    journal: Journal, source: Source, extents: Mapping[Path, Extent]
) -> tuple[Intake, int]:
    """The whole intake, of which only new files and lines were read; and the earlier repeats.

    The second value counts rows that the journal left out because they were repeated.
    """
    before, state = journal.files, journal.state
    starts: dict[Path, Start | None] = {
        path: None if extents[path] == extent else extent.end for path, extent in before.items()
    }
    new = read_source(source, state["unit"], starts)
    rows = pl.read_parquet(journal.folder / _RATINGS)
    products = pl.read_parquet(journal.folder / _PRODUCTS)
    reviews, catalogues = ([Path(p) for p in state[key]] for key in ("reviews", "products"))
    old = Catalogue(
        renumbered(products, catalogues, source.products),
        **state["catalogue"],
        rejected=read_rejected(journal.folder / f"products-{_REJECTED}"),
    )
    rows = pl.concat([renumbered(rows, reviews, source.reviews), new.rows])
    return (
        Intake(
            rows=rows.sort(FILE, LINE),
            catalogue=in_background(lambda: join_catalogues([old, new.catalogue.result()])),
            rejected=read_rejected(journal.folder / _REJECTED) + new.rejected,
            n_lines=state["n_lines"] + new.n_lines,
            unit=new.unit,
        ),
        state["n_repeats"],
    )


def write_journal(
    processed: Path,
    intake: Intake,
    distinct: pl.DataFrame,
    source: Source,
    timestamp_unit: str,
    extents: Mapping[Path, Extent],
) -> None:
    """Keep an intake for the next time; ``distinct`` are its rows without repeated ones."""
    catalogue = intake.catalogue.result()
    state = {
        "rules": _rules(source, timestamp_unit),
        "unit": intake.unit,
        "n_lines": intake.n_lines,
        "n_repeats": intake.n_lines - len(intake.rejected) - len(distinct),
        "catalogue": {
            "n_lines": catalogue.n_lines,
            "n_duplicates": catalogue.n_duplicates,
            "n_unreadable_prices": catalogue.n_unreadable_prices,
        },
        "reviews": [str(path) for path in source.reviews],
        "products": [str(path) for path in source.products],
        "files": {str(path): asdict(extent) for path, extent in extents.items()},
    }
    with replacing_folder(processed / _FOLDER) as folder:
        distinct.write_parquet(folder / _RATINGS)
        catalogue.placed.write_parquet(folder / _PRODUCTS)
        write_rejected(folder / _REJECTED, intake.rejected)
        write_rejected(folder / f"products-{_REJECTED}", catalogue.rejected)
        write_json(folder / _STATE, state)


def _continues(path: Path, size: int) -> bool:
    """Whether what follows is on a line of its own, in a file that can be read from there."""
    if path.suffix in (*COMPRESSED, ".parquet"):
        return False
    with path.open("rb") as file:
        file.seek(size - 1)
        return b"\n" in file.read(2)


def _rules(source: Source, timestamp_unit: str) -> str:
    """Fingerprint of how lines become rows: names of fields, their meaning, and our code."""
    code = [
        path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.rglob("*.py"))
    ]
    facts = [source.review_fields, source.product_fields, source.rating_range, timestamp_unit, code]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
