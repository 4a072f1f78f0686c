"""Read input files from first line to last: clean rows, rejected lines, counts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data._background import in_background, keep_freed_memory, side_by_side
from recsys_lib.data.cleaning.notation import Evidence, Notation, Wishes
from recsys_lib.data.cleaning.products import Catalogue, ProductRules, join_catalogues
from recsys_lib.data.cleaning.ratings import ROW_SCHEMA, CleanRatings, RatingRules
from recsys_lib.data.cleaning.unreadable import UnreadableFields, join_unreadable
from recsys_lib.data.formats import TextForm, read_records
from recsys_lib.data.formats.records import Records, Rejected, Schema, Start, Work
from recsys_lib.data.inputs import InputFiles
from recsys_lib.data.layouts import Fields

T = TypeVar("T")

# The rating is missing here: a number with a fraction may lose the text that the file has.
_WANTED_TYPES = {
    Ratings.TIMESTAMP: pl.Int64(),
    Ratings.VERIFIED: pl.Boolean(),
    Ratings.HELPFUL: pl.Int64(),
}


class Part(Protocol):
    """What a block became."""

    @property
    def evidence(self) -> Mapping[int, Evidence]:
        """What its values say about the notation, by number of the file."""

    @property
    def notations(self) -> Mapping[int, Notation]:
        """What it was read with, by number of the file."""


P_co = TypeVar("P_co", bound=Part, covariant=True)
Q = TypeVar("Q", bound=Part)


class Rules(Protocol[P_co]):
    """How records become clean rows."""

    def apply(self, records: Records, file: int) -> P_co:
        """Clean a block of the file with number ``file``."""

    def settle(self, evidence: Mapping[int, Evidence]) -> Mapping[int, Notation]:
        """The notation of each file, from what was seen in all of them; it is used from now on."""


@dataclass(frozen=True)
class Known:
    """What earlier loads saw of the files, by path; nothing by default."""

    reviews: Mapping[str, Evidence] = field(default_factory=dict)
    products: Mapping[str, Evidence] = field(default_factory=dict)


@dataclass
class Intake:
    """What was read.

    Parameters
    ----------
    rows: ratings, columns ``InputFiles.review_columns``.
    catalogue: the products, which may still be read.
    rejected: rejected lines of the review files.
    n_lines: lines of the review files, good or bad.
    n_more: records beyond the first of a line, from lists such as the items of an order.
    n_repaired: lines that are read although they are not quite well-formed.
    unit: unit of times that are numbers.
    unreadable: values of the rows that cannot be read.
    evidence, notations: how the review files write their values, by number of the file.
    n_forgotten: rows of users who are forgotten, which are not among the rows.
    """

    rows: pl.DataFrame
    catalogue: Future[Catalogue]
    rejected: list[Rejected]
    n_lines: int
    n_more: int
    n_repaired: int
    unit: str
    unreadable: UnreadableFields
    evidence: Mapping[int, Evidence]
    notations: Mapping[int, Notation]
    n_forgotten: int = 0


def read_input(
    files: InputFiles,
    wishes: Wishes | None = None,
    starts: Mapping[Path, Start | None] | None = None,
    known: Known | None = None,
) -> Intake:
    """Read and clean all files, each from its start on (default: all of it); None skips a file."""
    starts = {path: Start() for path in (*files.reviews, *files.products)} | dict(starts or {})
    wishes, known = wishes or Wishes(), known or Known()
    keep_freed_memory()
    rules = RatingRules(files, wishes)
    tasks = partial(
        _tasks, files.reviews, files.review_fields, starts, rules.apply, files.form, apart=True
    )
    parts, evidence = settled(rules, _side_by_side(tasks), files.reviews, known.reviews)
    catalogue = in_background(_read_products, files, wishes, starts, known)
    return intake_of(files, rules, parts, evidence, catalogue)


def intake_of(
    files: InputFiles,
    rules: RatingRules,
    parts: Sequence[CleanRatings],
    evidence: Mapping[int, Evidence],
    catalogue: Future[Catalogue],
) -> Intake:
    """The blocks of all review files together."""
    none = pl.DataFrame(schema={name: ROW_SCHEMA[name] for name in files.review_columns})
    return Intake(
        # Everything that follows is much faster on one contiguous table.
        rows=pl.concat([none, *(part.rows for part in parts)], rechunk=True),
        catalogue=catalogue,
        rejected=[bad for part in parts for bad in part.rejected],
        n_lines=sum(part.n_lines for part in parts),
        n_more=sum(part.n_more for part in parts),
        n_repaired=sum(part.n_repaired for part in parts),
        unit=rules.unit,
        unreadable=join_unreadable(part.unreadable for part in parts),
        evidence=evidence,
        notations=rules.notations,
    )


def schema_of(fields: Fields) -> Schema:
    """All names to read from the files for these fields, with the types wanted for them."""
    schema: dict[str, pl.DataType] = {}
    for ours, names in fields.items():
        for name in names:
            wanted = _WANTED_TYPES.get(ours, pl.String())
            # A field that is wanted with two types comes as text.
            schema[name] = wanted if schema.get(name, wanted) == wanted else pl.String()
    return schema


def _read_products(
    files: InputFiles, wishes: Wishes, starts: Mapping[Path, Start | None], known: Known
) -> Catalogue:
    rules = ProductRules(files, wishes)
    tasks = partial(_tasks, files.products, files.product_fields, starts, rules.apply, files.form)
    parts, evidence = settled(rules, _side_by_side(tasks), files.products, known.products)
    return replace(join_catalogues(parts), evidence=evidence, notations=rules.notations)


def settled(
    rules: Rules[Q],
    read: Callable[[Collection[int]], Iterable[Q]],
    files: Sequence[Path],
    known: Mapping[str, Evidence],
) -> tuple[list[Q], dict[int, Evidence]]:
    """All blocks, each read in the notation of its whole file, and what they say about that.

    ``read`` reads and cleans the files with these numbers, by ``rules`` as they are then.
    Files whose first block did not show the notation are read a second time.
    """
    numbers = range(len(files))
    parts = list(read(numbers))
    evidence = {n: Evidence(known.get(str(files[n]), {})) for n in numbers}
    for part in parts:
        for n, found in part.evidence.items():
            evidence[n].update(found)
    notations = rules.settle(evidence)
    wrong = {n for part in parts for n, one in part.notations.items() if one != notations[n]}
    if wrong:
        right = [part for part in parts if wrong.isdisjoint(part.notations)]
        parts = right + list(read(wrong))
    return parts, evidence


def _side_by_side(
    tasks: Callable[[Collection[int]], Iterable[Callable[[], T]]],
) -> Callable[[Collection[int]], Iterator[T]]:
    """Reads files with these numbers by the tasks for them, a few at a time."""
    return lambda numbers: side_by_side(tasks(numbers))


def _tasks(
    files: Sequence[Path],
    fields: Fields,
    starts: Mapping[Path, Start | None],
    clean: Callable[[Records, int], T],
    form: TextForm,
    numbers: Collection[int],
    *,
    apart: bool = False,
) -> Iterator[Callable[[], T]]:
    """For each block of some files a task that reads its records and cleans them.

    With ``apart`` each object of a list becomes a record.
    """

    def cleaned(work: Work, number: int) -> T:
        return clean(work(), number)

    schema = schema_of(fields)
    for number in sorted(numbers):
        path, start = files[number], starts[files[number]]
        if start is not None:
            for work in read_records(path, schema, start, form, apart=apart):
                yield partial(cleaned, work, number)
