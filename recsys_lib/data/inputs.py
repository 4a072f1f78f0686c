"""The input files of a dataset, and what is known of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recsys_lib.columns import Ratings
from recsys_lib.data.formats.form import AS_FOUND, TextForm
from recsys_lib.data.layouts import Fields
from recsys_lib.spark.hadoop import HadoopFile

CHOSEN, KNOWN, BY_NAME = "as set", "known name", "by name"
BY_PART, BY_VALUES = "by a part of the name", "by values"
BY_FOLDER = "by the names of folders"
_SAID = (BY_NAME, BY_PART, BY_VALUES, BY_FOLDER)
_LISTED = 24


@dataclass(frozen=True)
class Meaning:
    """What the columns of some files mean.

    Parameters
    ----------
    fields: our column -> its names in the files; () when it is absent.
    how: our column -> how it was found.
    unused: columns of the files that are not read.
    open: our column -> columns that may be it, none more than the others.
    """

    fields: Fields = field(default_factory=dict)
    how: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    open: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def lacks(self, required: Iterable[str]) -> list[str]:
        """The required columns that were not found."""
        return [ours for ours in required if not self.fields.get(ours)]


@dataclass(frozen=True)
class InputFiles:
    """The files of a dataset and what their fields mean.

    Parameters
    ----------
    layout: name of the layout, as in ``etl.source``.
    reviews, products: the files, in reading order.
    review_fields, product_fields: our column -> its names in the files; () when it is absent.
    rating_range: lowest and highest valid rating; None accepts any positive rating.
    gathers_details: whether all fields of the details become one object, instead of the first
        field that has a value.
    review_meaning, product_meaning: how each field was found, and which are not read.
    notes: sentences about files that are not read.
    form: how all text files are written, as far as the user says.
    origins: where the files are, if not here; then ``reviews`` and ``products`` have first lines.
    """

    layout: str
    reviews: tuple[Path, ...]
    products: tuple[Path, ...]
    review_fields: Fields
    product_fields: Fields
    rating_range: tuple[float, float] | None
    gathers_details: bool = False
    review_meaning: Meaning = field(default_factory=Meaning)
    product_meaning: Meaning = field(default_factory=Meaning)
    notes: tuple[str, ...] = ()
    form: TextForm = AS_FOUND
    origins: Mapping[Path, HadoopFile] = field(default_factory=dict)

    def place(self, path: Path) -> str:
        """Where one of the files is: its path, or the URL that it was given by."""
        return self.origins[path].url if path in self.origins else str(path)

    def read_origins(self) -> list[HadoopFile]:
        """The files that are read from elsewhere; [] where all are here."""
        return [self.origins[path] for path in (*self.reviews, *self.products) if self.origins]

    @property
    def has_interactions(self) -> bool:
        """Whether there are review files; without, a catalogue can still be searched."""
        return bool(self.reviews)

    @property
    def has_ratings(self) -> bool:
        """Whether the review files hold ratings; without, each interaction counts as 1."""
        return bool(self.review_fields[Ratings.RATING])

    @property
    def has_times(self) -> bool:
        """Whether the review files hold times; without, all interactions share one moment."""
        return bool(self.review_fields[Ratings.TIMESTAMP])

    @property
    def review_columns(self) -> tuple[str, ...]:
        """Our columns of a rating: ``Ratings.ALL``, and the optional ones that the files have."""
        optional = (name for name in Ratings.OPTIONAL if self.review_fields.get(name))
        return (*Ratings.ALL, *optional)

    @property
    def has_events(self) -> bool:
        """Whether the review files say what kind of event a line is."""
        return Ratings.EVENT in self.review_columns

    def sayings(self) -> list[str]:
        """What was found by name or value and what is not read, in sentences."""
        tables = (
            ("columns", self.review_meaning, self.reviews),
            ("product_columns", self.product_meaning, self.products),
        )
        said = [text for name, meaning, files in tables if files for text in _said(name, meaning)]
        return [*self.notes, *said]


def some_names(names: Sequence[str]) -> str:
    """The names, or the first of many."""
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _said(parameter: str, meaning: Meaning) -> Iterator[str]:
    for how in _SAID:
        found = [ours for ours, way in meaning.how.items() if way == how]
        if found:
            each = (f"{' or '.join(meaning.fields[ours])} as {ours}" for ours in found)
            yield f"columns found {how} (etl.{parameter} sets others): {', '.join(each)}"
    for ours, names in meaning.open.items():
        if not meaning.fields.get(ours):
            yield f"{' or '.join(map(repr, names))} may be {ours}: set it in etl.{parameter}"
    if meaning.unused:
        yield f"columns that are not read (etl.{parameter}): {some_names(meaning.unused)}"
