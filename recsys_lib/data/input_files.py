"""From the dataset parameter to input files: which files to read, and what their fields mean."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.formats import all_fields, first_fields, is_known
from recsys_lib.data.layouts import (
    ANY_PRODUCT_FILES,
    ANY_REVIEW_FILES,
    LAYOUTS,
    Fields,
    recognize,
)
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

_REQUIRED = (Ratings.USER, Ratings.ITEM)
_NONE = "none"
_LISTED = 8
_PATTERN = "*"


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
    """

    layout: str
    reviews: tuple[Path, ...]
    products: tuple[Path, ...]
    review_fields: Fields
    product_fields: Fields
    rating_range: tuple[float, float] | None
    gathers_details: bool = False

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


def find_input_files(dataset: Dataset, parameters: EtlParameters) -> InputFiles:
    r"""Find the files of a dataset and recognize their fields, from their first records only.

    Parameters
    ----------
    dataset
        Its folder ``raw`` is searched.
    parameters
        ``source``, ``reviews``, ``products``, ``columns`` and ``product_columns`` are used.

    Returns
    -------
    InputFiles
        Review files, product files (may be empty), and the names of their fields.

    Raises
    ------
    InputDataError
        A file is missing or unreadable, or lacks a required field.
    ParameterError
        A column mapping names a column that does not exist.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> _ = (folder / "orders.csv").write_text("customer,item_id\nann,tea\n")
    >>> parameters = EtlParameters(reviews="orders.csv", columns={"user_id": "customer"})
    >>> found = find_input_files(Dataset.find(folder), parameters)
    >>> found.layout, [path.name for path in found.reviews], found.has_ratings
    ('tables', ['orders.csv'], False)
    >>> found.review_fields["user_id"], found.review_fields["parent_asin"]
    (('customer',), ('item_id',))
    """
    chosen = LAYOUTS.get(parameters.source)
    reviews = find_review_files(dataset, parameters)
    products: tuple[Path, ...] = ()
    if parameters.products != _NONE:
        names = chosen.product_files if chosen else ANY_PRODUCT_FILES
        products = _files(dataset, parameters.products, names, what="products", taken=reviews)
    layout = chosen or recognize(reviews[0].name, first_fields(reviews[0]))
    review_fields = _mapped(layout.reviews, parameters.columns, "etl.columns")
    _require(reviews, review_fields, _REQUIRED, "etl.columns")
    product_fields = _mapped(layout.products, parameters.product_columns, "etl.product_columns")
    _check_patterns(parameters.product_columns)
    _require(products, product_fields, (Products.ITEM,), "etl.product_columns")
    return InputFiles(
        layout=layout.name,
        reviews=reviews,
        products=products,
        review_fields=_present(review_fields, reviews),
        product_fields=_present(product_fields, products),
        rating_range=layout.rating_range,
        gathers_details=any(_PATTERN in name for name in product_fields[Products.DETAILS]),
    )


def find_review_files(dataset: Dataset, parameters: EtlParameters) -> tuple[Path, ...]:
    """The review files of a dataset; InputDataError when there are none."""
    chosen = LAYOUTS.get(parameters.source)
    names = chosen.review_files if chosen else ANY_REVIEW_FILES
    return _files(dataset, parameters.reviews, names, what="reviews")


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
            f"no such folder: put the {what} files there, or set 'dataset' to the absolute path of "
            "the folder that holds them",
            file=dataset.raw,
        )
    if pattern:
        found = _glob(dataset.raw, pattern)
        if not found:
            raise InputDataError(
                f"no such file, but etl.{what} is {pattern!r}: correct it; the folder holds "
                f"{_listing(dataset.raw)}",
                file=dataset.raw / pattern,
            )
        return found
    for name in names:
        found = tuple(p for p in _glob(dataset.raw, name) if _readable(p) and p not in taken)
        if found:
            return found
    if what == "products":
        return ()
    raise InputDataError(
        f"no {what} file found (tried {', '.join(names)}): set etl.{what} to its name; the folder "
        f"holds {_listing(dataset.raw)}",
        file=dataset.raw,
    )


def _listing(folder: Path) -> str:
    """The first file names in a folder."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more if names else "nothing"


def _glob(folder: Path, pattern: str) -> tuple[Path, ...]:
    path = Path(pattern).expanduser()
    if path.is_absolute():
        folder, pattern = path.parent, path.name
    return tuple(sorted(p for p in folder.glob(pattern) if p.is_file()))


def _readable(path: Path) -> bool:
    return is_known(path) and not path.name.startswith((".", "sample.json"))


def _mapped(fields: Fields, columns: Mapping[str, str], parameter: str) -> Fields:
    """The fields with the user's own names; an empty name means that the column is absent."""
    for ours in columns:
        if ours not in fields:
            raise ParameterError(
                f"{parameter}: there is no column {ours!r}; choose from {', '.join(fields)}"
            )
    named = {ours: (theirs,) if theirs else () for ours, theirs in columns.items()}
    return {**fields, **named}


def _present(fields: Fields, files: Sequence[Path]) -> Fields:
    """The fields reduced to names that occur in a file; a pattern becomes all names it matches."""
    known = dict.fromkeys(name for file in files for name in first_fields(file))
    if any(_PATTERN in name for names in fields.values() for name in names):
        known = dict.fromkeys(name for file in files for name in all_fields(file))
    return {
        ours: tuple(name for pattern in names for name in _matching(pattern, known))
        for ours, names in fields.items()
    }


def _matching(pattern: str, known: Iterable[str]) -> Iterable[str]:
    if _PATTERN not in pattern:
        return [pattern] if pattern in known else []
    return fnmatch.filter(known, pattern)


def _check_patterns(columns: Mapping[str, str]) -> None:
    for ours, theirs in columns.items():
        if _PATTERN in theirs and ours != Products.DETAILS:
            raise ParameterError(
                f"etl.product_columns: {ours} is {theirs!r}, but only {Products.DETAILS} can be "
                "gathered from several fields: name one field"
            )


def _require(
    files: Sequence[Path], fields: Fields, required: tuple[str, ...], parameter: str
) -> None:
    for file in files:
        present = first_fields(file)
        for ours in required:
            if not set(fields[ours]) & set(present):
                raise InputDataError(
                    f"missing from the first records, which have {', '.join(present)}: set "
                    f"{parameter} to {{{ours}: NAME}}, where NAME is its name in the file",
                    file=file,
                    field=" or ".join(fields[ours]) or ours,
                )
