"""Look for the review and product files of a dataset, by name and by columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from recsys_lib.columns import Products
from recsys_lib.data._form_checks import check_form
from recsys_lib.data.file_sets import FileSet, file_sets, matching, named, usable, without_copies
from recsys_lib.data.formats import TextForm, first_fields
from recsys_lib.data.inputs import BY_NAME, KNOWN, some_names
from recsys_lib.data.layouts import (
    ANY_PRODUCT_FILES,
    ANY_REVIEW_FILES,
    LAYOUTS,
    TABLES,
    Layout,
    recognize,
)
from recsys_lib.data.meaning import Table, all_names, product_table, review_table, understand
from recsys_lib.data.queries import SUFFIX, fetched, query_files, read_query
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HEADS_FOLDER, QUERIES_FOLDER, Dataset

NO_FILES = "none"
_LISTED = 8


class Finder:
    """Looks for the files of a dataset, and keeps what is to be said about them."""

    def __init__(self, dataset: Dataset, parameters: EtlParameters) -> None:
        self.parameters = parameters
        self.folder = dataset.processed / HEADS_FOLDER if parameters.folder else dataset.raw
        self.form = TextForm.from_parameters(parameters)
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
        return recognize(reviews[0].name, first_fields(reviews[0], self.form))

    def review_table(self, layout: Layout) -> Table:
        """How columns of reviews are told."""
        published = layout.name != TABLES
        return review_table(known=layout.reviews, published=published, form=self.form)

    def product_table(self, layout: Layout) -> Table:
        """How columns of products are told."""
        published = layout.name != TABLES
        return product_table(known=layout.products, published=published, form=self.form)

    def notes(self) -> Iterator[str]:
        """What is to be said about the other files."""
        yield from self._notes
        said = " ".join(self._notes)
        rest = [one.name for one in self._free() if one.name not in said]
        if rest:
            yield f"files taken for neither reviews nor products: {some_names(rest)}"

    def nothing(self, what: str) -> InputDataError:
        """There are no files of a kind; ParameterError where the given form hides them."""
        check_form([one.first for one in self._with_results(self.sets)], self.form)
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
                is_folder = (self.folder / pattern).is_dir()
                missing = "a folder without readable files" if is_folder else "no such file"
                raise InputDataError(
                    f"{missing}, but etl.{what} is {pattern!r}: correct it; the folder holds "
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
        kept, notes = without_copies(sets, what, self.form)
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
    wished = {ours: names_of(wishes[ours]) for ours in table.required if ours in wishes}
    if any(not set(names) & set(all_names(path, table.form)) for names in wished.values()):
        return False
    found = understand([path], replace(table, sees_values=False), {})
    sure = [ours for ours in table.required if found.how.get(ours) in (KNOWN, BY_NAME)]
    return {*sure, *wished} >= set(table.required)


def names_of(value: str | list[str]) -> list[str]:
    """One name or several, as a list."""
    return [value] if isinstance(value, str) else value


def _listing(folder: Path) -> str:
    """The first file names in a folder."""
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more if names else "nothing"
