"""What was read of a dataset before, so that append mode reads only what is new.

The journal keeps all distinct rows, not only the last rating of a pair. As the order of the lines
changes nothing, everything that follows gives the same result as a full load.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from recsys_lib.columns import Products, Ratings
from recsys_lib.data._background import in_background
from recsys_lib.data._extents import Extent, measure
from recsys_lib.data._intake import Intake, Known, read_input
from recsys_lib.data.cleaning.notation import Wishes
from recsys_lib.data.cleaning.products import Catalogue, join_catalogues
from recsys_lib.data.cleaning.ratings import IN_THE_FUTURE
from recsys_lib.data.cleaning.unreadable import Unreadable, UnreadableFields, join_unreadable
from recsys_lib.data.formats import TextForm, can_be_continued
from recsys_lib.data.formats.records import Start, read_rejected, write_rejected
from recsys_lib.data.inputs import InputFiles
from recsys_lib.files import read_json, replacing_folder, write_json
from recsys_lib.paths import JOURNAL_FOLDER

_STATE = "state.json"
_RATINGS, _PRODUCTS, _REJECTED = "ratings.parquet", "products.parquet", "rejected.jsonl"
# All code that decides which rows a line becomes; a test holds the list complete.
_DECIDING = (
    "cleaning",
    "formats",
    "_extents.py",
    "_intake.py",
    "_journal.py",
    "_pictures.py",
    "units.py",
)


@dataclass(frozen=True)
class Journal:
    """A stored intake, with the counts that its tables no longer show."""

    folder: Path
    state: dict[str, Any]

    @classmethod
    def load(cls, processed: Path) -> Journal | None:
        """The journal of a dataset; None when none was written yet."""
        folder = processed / JOURNAL_FOLDER
        path = folder / _STATE
        return cls(folder, read_json(path)) if path.is_file() else None

    @property
    def extents(self) -> dict[Path, Extent]:
        """How far each file was read."""
        return {Path(path): Extent(**extent) for path, extent in self.state["files"].items()}

    @property
    def known(self) -> Known:
        """What the values of each file said about its notation."""
        return Known(**{table: seen["evidence"] for table, seen in self._notation.items()})

    @property
    def _notation(self) -> dict[str, dict[str, Any]]:
        return self.state["notation"]

    def obstacle(self, files: InputFiles, wishes: Wishes) -> str | None:
        """Why new lines cannot simply be added; None when they can."""
        if self.state["rules"] != _rules(files, wishes):
            return "the rules of reading changed"
        if self.state["waits"]:
            return "times that were in the future may have come"
        for path, extent in self.extents.items():
            if path not in (*files.reviews, *files.products):
                return f"{path} is no longer part of the input"
            _, part = measure(path, extent.bytes)
            whole = path.stat().st_size == extent.bytes
            if part != extent or not (whole or _continues(path, extent.bytes, files.form)):
                return f"{path} was changed, not only continued"
        return None

    def changed_notation(self, files: InputFiles, intake: Intake) -> str | None:
        """The file whose old lines would be read in another way now; None when there is none."""
        now = _notation(files, intake)
        for table, seen in self._notation.items():
            for path, old in seen["settled"].items():
                if now[table]["settled"][path] != old:
                    return f"the new lines say how {path} writes its values"
        return None


def read_new(
    journal: Journal, files: InputFiles, wishes: Wishes, extents: Mapping[Path, Extent]
) -> tuple[Intake, int]:
    """Read new files and lines only, and join them with the journal.

    Returns the whole intake, and how many repeated rows the journal has left out of it.
    """
    state = journal.state
    starts: dict[Path, Start | None] = {
        path: None if extents[path] == extent else extent.end
        for path, extent in journal.extents.items()
    }
    new = read_input(files, wishes, starts, journal.known)
    old = Catalogue(
        pl.read_parquet(journal.folder / _PRODUCTS, glob=False),
        rejected=read_rejected(journal.folder / f"products-{_REJECTED}"),
        **state["catalogue"] | {"unreadable": _unreadable(state["catalogue"]["unreadable"])},
        evidence={},
        notations={},
    )
    before = pl.read_parquet(journal.folder / _RATINGS, glob=False)
    rows = pl.concat([before, new.rows], rechunk=True)
    return (
        Intake(
            rows=rows,
            catalogue=in_background(lambda: _joined(old, new.catalogue.result())),
            rejected=read_rejected(journal.folder / _REJECTED) + new.rejected,
            n_lines=state["n_lines"] + new.n_lines,
            n_more=state["n_more"] + new.n_more,
            n_repaired=state["n_repaired"] + new.n_repaired,
            unit=new.unit,
            unreadable=join_unreadable([_unreadable(state["unreadable"]), new.unreadable]),
            evidence=new.evidence,
            notations=new.notations,
            n_forgotten=state["n_forgotten"],
        ),
        state["n_repeats"],
    )


def write_journal(
    processed: Path,
    intake: Intake,
    distinct: pl.DataFrame,
    files: InputFiles,
    wishes: Wishes,
    extents: Mapping[Path, Extent],
) -> None:
    """Keep an intake for the next load; ``distinct`` has its rows without repeated ones."""
    catalogue = intake.catalogue.result()
    state = {
        "rules": _rules(files, wishes),
        "waits": any(bad.reason == IN_THE_FUTURE for bad in intake.rejected),
        "n_lines": intake.n_lines,
        "n_more": intake.n_more,
        "n_repaired": intake.n_repaired,
        "n_repeats": _n_read(intake) - len(distinct),
        "n_forgotten": intake.n_forgotten,
        "catalogue": {
            "n_lines": catalogue.n_lines,
            "n_duplicates": catalogue.n_duplicates,
            "n_repaired": catalogue.n_repaired,
            "unreadable": _as_dicts(catalogue.unreadable),
        },
        "unreadable": _as_dicts(intake.unreadable),
        "notation": _notation(files, intake),
        "files": {str(path): asdict(extent) for path, extent in extents.items()},
    }
    with replacing_folder(processed / JOURNAL_FOLDER) as folder:
        distinct.write_parquet(folder / _RATINGS)
        catalogue.products.write_parquet(folder / _PRODUCTS)
        write_rejected(folder / _REJECTED, intake.rejected)
        write_rejected(folder / f"products-{_REJECTED}", catalogue.rejected)
        write_json(folder / _STATE, state)


def deciding_code() -> Iterator[Path]:
    """The modules whose edit makes a journal useless."""
    for name in _DECIDING:
        path = Path(__file__).parent / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def _joined(old: Catalogue, new: Catalogue) -> Catalogue:
    both = join_catalogues([old, new])
    return replace(both, evidence=new.evidence, notations=new.notations)


def _notation(files: InputFiles, intake: Intake) -> dict[str, dict[str, Any]]:
    """For each table the evidence and the notation of its files, as they stand in JSON."""
    catalogue = intake.catalogue.result()
    tables = {
        "reviews": (files.reviews, intake.evidence, intake.notations),
        "products": (files.products, catalogue.evidence, catalogue.notations),
    }
    return {
        table: {
            "evidence": {str(paths[n]): dict(found) for n, found in evidence.items()},
            "settled": {
                str(paths[n]): json.loads(json.dumps(asdict(one))) for n, one in notations.items()
            },
        }
        for table, (paths, evidence, notations) in tables.items()
    }


def _n_read(intake: Intake) -> int:
    """Rows of all lines that were not rejected, but for those of users who are forgotten."""
    return intake.n_lines + intake.n_more - len(intake.rejected) - intake.n_forgotten


def _as_dicts(fields: UnreadableFields) -> dict[str, dict[str, Any]]:
    return {name: asdict(lost) for name, lost in fields.items()}


def _unreadable(fields: Mapping[str, Mapping[str, Any]]) -> UnreadableFields:
    return {name: Unreadable(**lost) for name, lost in fields.items()}


def _rules(files: InputFiles, wishes: Wishes) -> str:
    """Fingerprint of all that decides which rows a line becomes.

    These are the meaning of the fields, our own code, and the libraries that parse. Layouts and
    file names count through the fields that they lead to.
    """
    facts = {
        "review_fields": files.review_fields,
        "product_fields": files.product_fields,
        "rating_range": files.rating_range,
        "gathers_details": files.gathers_details,
        "form": asdict(files.form),
        "wishes": asdict(wishes),
        "columns": [Ratings.ALL, Products.ALL],
        "libraries": [pl.__version__, pa.__version__],
        "code": [path.read_text(encoding="utf-8") for path in deciding_code()],
    }
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _continues(path: Path, size: int, form: TextForm) -> bool:
    """Whether what follows the first ``size`` bytes starts on a line of its own."""
    if not can_be_continued(path, form):
        return False
    with path.open("rb") as file:
        file.seek(size - 1)
        return b"\n" in file.read(2)
