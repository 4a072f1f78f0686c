"""From the dataset parameter to input files: which files to read, and what their fields mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from recsys_lib.columns import Products
from recsys_lib.data.file_sets import FileSet, file_sets, matching, named, usable, without_copies
from recsys_lib.data.formats import first_fields
from recsys_lib.data.inputs import BY_NAME, KNOWN, InputFiles, Meaning, some_names
from recsys_lib.data.layouts import (
    ANY_PRODUCT_FILES,
    ANY_REVIEW_FILES,
    LAYOUTS,
    TABLES,
    Layout,
    recognize,
)
from recsys_lib.data.meaning import (
    ALL_THAT_FIT,
    Table,
    all_names,
    product_table,
    review_table,
    understand,
)
from recsys_lib.data.queries import SUFFIX, fetched, query_files, read_query
from recsys_lib.errors import InputDataError, RecsysError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import QUERIES_FOLDER, Dataset

T = TypeVar("T")

NO_FILES = "none"
_LISTED = 8


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
        A column mapping names a column that does not exist, in the files or of ours.

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
    found = _Finder(dataset, parameters)
    reviews, products = found.reviews(), found.products()
    if not reviews and not products:
        raise found.nothing("reviews")
    layout = found.layout(reviews)
    in_reviews = understand(reviews, found.review_table(layout), parameters.columns)
    in_products = understand(products, found.product_table(layout), _product_wishes(parameters))
    _require(reviews, in_reviews, found.review_table(layout))
    _require(products, in_products, found.product_table(layout))
    details = _names(parameters.product_columns.get(Products.DETAILS, ""))
    return InputFiles(
        layout=layout.name,
        reviews=reviews,
        products=products,
        review_fields=in_reviews.fields,
        product_fields=in_products.fields,
        rating_range=layout.rating_range,
        gathers_details=any(ALL_THAT_FIT in name for name in details),
        review_meaning=in_reviews,
        product_meaning=in_products,
        notes=tuple(found.notes()),
    )


def find_review_files(dataset: Dataset, parameters: EtlParameters) -> tuple[Path, ...]:
    """The review files of a dataset; InputDataError when there are none."""
    found = _Finder(dataset, parameters)
    reviews = found.reviews()
    if not reviews:
        raise found.nothing("reviews")
    return reviews


def guess_tables(
    dataset: Dataset, parameters: EtlParameters
) -> tuple[tuple[Path, ...], tuple[Path, ...], Meaning, Meaning]:
    """What can be told where a run would stop: review and product files, and their columns.

    Wishes that cannot be met are left out.
    """
    found = _Finder(dataset, parameters.model_copy(update={"columns": {}, "product_columns": {}}))
    none: tuple[Path, ...] = ()
    reviews, products = _tolerated(found.reviews, none), _tolerated(found.products, none)
    if not reviews and not products and len(found.sets) == 1:
        reviews = found.sets[0].files
    layout = _tolerated(lambda: found.layout(reviews), LAYOUTS[TABLES])
    in_reviews = _tolerated(lambda: understand(reviews, found.review_table(layout), {}), Meaning())
    in_products = _tolerated(
        lambda: understand(products, found.product_table(layout), {}), Meaning()
    )
    return reviews, products, in_reviews, in_products


def _tolerated(work: Callable[[], T], otherwise: T) -> T:
    """What ``work`` returns, or something else where a run would stop; the error is known."""
    try:
        return work()
    except RecsysError:
        return otherwise


class _Finder:
    """Looks for the files of a dataset, and keeps what is to be said about them."""

    def __init__(self, dataset: Dataset, parameters: EtlParameters) -> None:
        self.folder, self.parameters = dataset.raw, parameters
        self.results = dataset.processed / QUERIES_FOLDER
        if not self.folder.is_dir():
            raise InputDataError(
                "no such folder: put the reviews files there, or set 'dataset' to the absolute "
                "path of the folder that holds them",
                file=self.folder,
            )
        queries = [FileSet(path.name, (path,)) for path in query_files(self.folder)]
        self.sets = [*file_sets(self.folder), *queries]
        self.chosen = LAYOUTS.get(parameters.source)
        self._notes: list[str] = []
        self._taken: list[FileSet] = []

    def reviews(self) -> tuple[Path, ...]:
        """The review files; () for a catalogue alone."""
        patterns = self.chosen.review_files if self.chosen else ANY_REVIEW_FILES
        return self._files("reviews", self.parameters.reviews, patterns, self._holds_reviews)

    def products(self) -> tuple[Path, ...]:
        """The product files; () when there are none."""
        patterns = self.chosen.product_files if self.chosen else ANY_PRODUCT_FILES
        return self._files("products", self.parameters.products, patterns, self._holds_products)

    def layout(self, reviews: Sequence[Path]) -> Layout:
        """The layout that was chosen, or that of the first review file."""
        if self.chosen or not reviews:
            return self.chosen or LAYOUTS[TABLES]
        return recognize(reviews[0].name, first_fields(reviews[0]))

    def review_table(self, layout: Layout) -> Table:
        """How columns of reviews are told."""
        return review_table(known=layout.reviews, published=layout.name != TABLES)

    def product_table(self, layout: Layout) -> Table:
        """How columns of products are told."""
        return product_table(known=layout.products, published=layout.name != TABLES)

    def notes(self) -> Iterator[str]:
        """What is to be said about files that are not read."""
        yield from self._notes
        said = " ".join(self._notes)
        rest = [one.name for one in self._free() if one.name not in said]
        if rest:
            yield f"files that are not read: {some_names(rest)}"

    def nothing(self, what: str) -> InputDataError:
        """There are no files of a kind."""
        return InputDataError(
            f"no {what} file found: set etl.{what} to its name, and etl.columns to the names of "
            f"its columns; the folder holds {_listing(self.folder)}",
            file=self.folder,
        )

    def _files(
        self, what: str, pattern: str, patterns: Iterable[str], holds: Callable[[Path], bool]
    ) -> tuple[Path, ...]:
        if pattern == NO_FILES:
            return ()
        if pattern:
            sets = matching(self.folder, pattern)
            if not sets:
                raise InputDataError(
                    f"no such file, but etl.{what} is {pattern!r}: correct it; the folder holds "
                    f"{_listing(self.folder)}",
                    file=self.folder / pattern,
                )
        else:
            sets = self._found(what, patterns, holds)
        sets = self._with_results(sets)
        self._taken += sets
        return tuple(file for one in sets for file in one.files)

    def _found(
        self, what: str, patterns: Iterable[str], holds: Callable[[Path], bool]
    ) -> list[FileSet]:
        """By name and columns, else by columns alone, else by name alone."""
        free = self._with_results(self._free())
        by_name = [sets for pattern in patterns if (sets := named(free, pattern))]
        good = (fit for sets in by_name if (fit := usable(sets, holds)))
        sets = next(good, []) or usable(self._unnamed(what, free), holds)
        sets = sets or next(iter(by_name), [])
        kept, notes = without_copies(sets, what)
        self._notes += notes
        return kept

    def _free(self) -> list[FileSet]:
        taken = {one.name for one in self._taken}
        return [one for one in self.sets if one.name not in taken]

    def _with_results(self, sets: Iterable[FileSet]) -> list[FileSet]:
        """The sets, with the results of queries in the place of their files."""
        return [
            FileSet(one.name, fetched(read_query(one.first), self.results))
            if one.first.suffix == SUFFIX
            else one
            for one in sets
        ]

    def _unnamed(self, what: str, free: list[FileSet]) -> list[FileSet]:
        """Files to be told by their columns: reviews are not sought in those named for products."""
        if what == "products":
            return free
        others = [one.name for pattern in ANY_PRODUCT_FILES for one in named(free, pattern)]
        return [one for one in free if one.name not in others]

    def _holds_reviews(self, path: Path) -> bool:
        layout = self.layout([path])
        return _holds(path, self.review_table(layout), self.parameters.columns)

    def _holds_products(self, path: Path) -> bool:
        table = self.product_table(self.layout([]))
        if not _holds(path, table, self.parameters.product_columns):
            return False
        if self._holds_reviews(path):
            return False
        found = understand([path], replace(table, sees_values=False), {}).fields
        texts = (Products.TITLE, Products.DESCRIPTION, Products.CATEGORIES, Products.IMAGES)
        wished = set(self.parameters.product_columns) & set(texts)
        return bool(wished) or any(found[ours] for ours in texts)


def _holds(path: Path, table: Table, wishes: Mapping[str, str | list[str]]) -> bool:
    """Whether a file has all required columns, by the names that are wished or by others."""
    wished = {ours: _names(wishes[ours]) for ours in table.required if ours in wishes}
    if any(not set(names) & set(all_names(path)) for names in wished.values()):
        return False
    found = understand([path], replace(table, sees_values=False), {})
    sure = [ours for ours in table.required if found.how.get(ours) in (KNOWN, BY_NAME)]
    return {*sure, *wished} >= set(table.required)


def _names(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _product_wishes(parameters: EtlParameters) -> Mapping[str, str | list[str]]:
    return {} if parameters.products == NO_FILES else parameters.product_columns


def _require(files: Sequence[Path], meaning: Meaning, table: Table) -> None:
    """Each file has all required columns."""
    for file in files:
        for ours in table.required:
            names = meaning.fields[ours]
            if set(names) & set(first_fields(file)) or set(names) & set(all_names(file)):
                continue
            there, known = ", ".join(all_names(file)), names or table.known[ours]
            choice = " or ".join(meaning.open.get(ours, ())) or "NAME"
            where = "" if choice != "NAME" else ", where NAME is its name in the file"
            raise InputDataError(
                f"missing from the first records, which have {there}: set {table.parameter} to "
                f"{{{ours}: {choice}}}{where}",
                file=file,
                field=" or ".join(known) or ours,
            )


def _listing(folder: Path) -> str:
    """The first file names in a folder."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more if names else "nothing"
