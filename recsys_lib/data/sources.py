"""From the dataset parameter to files and fields: what to read, and what it is called there."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.formats.blocks import Schema
from recsys_lib.data.formats.records import all_fields, first_fields, is_known
from recsys_lib.data.presets import (
    ANY_PRODUCT_FILES,
    ANY_REVIEW_FILES,
    PRESETS,
    Fields,
    recognize,
)
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

# Not the ratings: a number with a fraction may not have the same text as in the file.
_HOPED = {
    Ratings.TIMESTAMP: pl.Int64(),
    Ratings.VERIFIED: pl.Boolean(),
    Ratings.HELPFUL: pl.Int64(),
}
_REQUIRED = (Ratings.USER, Ratings.ITEM)
_NONE = "none"
_LISTED = 8
_PATTERN = "*"


@dataclass(frozen=True)
class Source:
    """The files of a dataset and how to understand their fields.

    Parameters
    ----------
    preset: name of the layout.
    gathers_details: whether the fields of the details are gathered to one object, instead of
        taking the first that has a value.
    reviews, products: the files, in the order in which they are read.
    review_fields, product_fields: our column -> its names in the files; none when it is not there.
    rating_range: None where the scale is the user's own: any positive rating is good then.
    """

    preset: str
    reviews: tuple[Path, ...]
    products: tuple[Path, ...]
    review_fields: Fields
    product_fields: Fields
    rating_range: tuple[float, float] | None
    gathers_details: bool = False

    @property
    def has_ratings(self) -> bool:
        """Whether the files of ratings hold ratings; without, every line counts as 1."""
        return bool(self.review_fields[Ratings.RATING])

    @property
    def has_times(self) -> bool:
        """Whether they hold times; without, the order of the lines stands in."""
        return bool(self.review_fields[Ratings.TIMESTAMP])


def find_source(dataset: Dataset, parameters: EtlParameters) -> Source:
    """Locate files and fields without reading more than their first lines.

    Raises InputDataError when a file is missing or unreadable or lacks a required field,
    ParameterError when a column mapping names something that does not exist.
    """
    chosen = PRESETS.get(parameters.source)
    reviews = review_files(dataset, parameters)
    products: tuple[Path, ...] = ()
    if parameters.products != _NONE:
        names = chosen.product_files if chosen else ANY_PRODUCT_FILES
        products = _files(dataset, parameters.products, names, what="products", taken=reviews)
    present = first_fields(reviews[0])
    preset = chosen or recognize(reviews[0].name, present)
    review_fields = _mapped(preset.reviews, parameters.columns, "etl.columns")
    _require(reviews, review_fields, _REQUIRED, "etl.columns")
    product_fields = _mapped(preset.products, parameters.product_columns, "etl.product_columns")
    _check_patterns(parameters.product_columns)
    _require(products, product_fields, (Products.ITEM,), "etl.product_columns")
    return Source(
        preset=preset.name,
        reviews=reviews,
        products=products,
        review_fields=_present(review_fields, reviews),
        product_fields=_present(product_fields, products),
        rating_range=preset.rating_range,
        gathers_details=any(_PATTERN in name for name in product_fields[Products.DETAILS]),
    )


def review_files(dataset: Dataset, parameters: EtlParameters) -> tuple[Path, ...]:
    """The files of ratings; InputDataError when there are none."""
    chosen = PRESETS.get(parameters.source)
    names = chosen.review_files if chosen else ANY_REVIEW_FILES
    return _files(dataset, parameters.reviews, names, what="reviews")


def source_schema(fields: Fields) -> Schema:
    """All names to read from the files for these fields, and the types to hope for."""
    schema: dict[str, pl.DataType] = {}
    for ours, names in fields.items():
        for name in names:
            wanted = _HOPED.get(ours, pl.String())
            schema[name] = wanted if schema.get(name, wanted) == wanted else pl.String()
    return schema


def _files(
    dataset: Dataset,
    pattern: str,
    names: Iterable[str],
    *,
    what: str,
    taken: tuple[Path, ...] = (),
) -> tuple[Path, ...]:
    if not dataset.raw.is_dir():
        raise InputDataError(
            f"there is no such folder: put the {what} files there, or set 'dataset' to the "
            "absolute path of the folder that has them",
            file=dataset.raw,
        )
    if pattern:
        found = _glob(dataset.raw, pattern)
        if not found:
            raise InputDataError(
                f"no such file: etl.{what} is {pattern!r}", file=dataset.raw / pattern
            )
        return found
    for name in names:
        found = tuple(p for p in _glob(dataset.raw, name) if _readable(p) and p not in taken)
        if found:
            return found
    if what == "products":
        return ()
    raise InputDataError(
        f"no {what} file found (looked for {', '.join(names)}): set etl.{what} to its name; "
        f"there is {_listing(dataset.raw)}",
        file=dataset.raw,
    )


def _listing(folder: Path) -> str:
    """The first names in a folder."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more if names else "nothing in the folder"


def _glob(folder: Path, pattern: str) -> tuple[Path, ...]:
    path = Path(pattern).expanduser()
    if path.is_absolute():
        folder, pattern = path.parent, path.name
    return tuple(sorted(p for p in folder.glob(pattern) if p.is_file()))


def _readable(path: Path) -> bool:
    return is_known(path) and not path.name.startswith((".", "sample.json"))


def _mapped(fields: Fields, columns: Mapping[str, str], parameter: str) -> Fields:
    """The fields with the user's own names; an empty name says that there is no such column."""
    for ours in columns:
        if ours not in fields:
            raise ParameterError(
                f"{parameter}: we have no column {ours!r}; choose from {', '.join(fields)}"
            )
    named = {ours: (theirs,) if theirs else () for ours, theirs in columns.items()}
    return {**fields, **named}


def _present(fields: Fields, files: Sequence[Path]) -> Fields:
    """The fields with the names that one of the files has; a pattern gives all that fit it."""
    known = dict.fromkeys(name for file in files for name in first_fields(file))
    if any(_PATTERN in name for names in fields.values() for name in names):
        known = dict.fromkeys(name for file in files for name in all_fields(file))
    return {
        ours: tuple(name for pattern in names for name in _fitting(pattern, known))
        for ours, names in fields.items()
    }


def _fitting(pattern: str, known: Iterable[str]) -> Iterable[str]:
    if _PATTERN not in pattern:
        return [pattern] if pattern in known else []
    return fnmatch.filter(known, pattern)


def _check_patterns(columns: Mapping[str, str]) -> None:
    for ours, theirs in columns.items():
        if _PATTERN in theirs and ours != Products.DETAILS:
            raise ParameterError(
                f"etl.product_columns: {ours} is {theirs!r}, but only {Products.DETAILS} can be "
                "gathered from several fields"
            )


def _require(
    files: Sequence[Path], fields: Fields, required: tuple[str, ...], parameter: str
) -> None:
    for file in files:
        present = first_fields(file)
        for ours in required:
            if not set(fields[ours]) & set(present):
                raise InputDataError(
                    f"missing in the first records of the file, which have {', '.join(present)}: "
                    f"set {parameter} to {{{ours}: NAME}} if it has another name",
                    file=file,
                    field=" or ".join(fields[ours]) or ours,
                )
