"""What the columns of files mean: as the user says, else by name, else by values."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from recsys_lib.columns import Products, Ratings
from recsys_lib.data import _looks, _samples
from recsys_lib.data.formats import (
    AS_FOUND,
    TextForm,
    all_fields,
    first_fields,
    is_flat,
    partition_values,
)
from recsys_lib.data.formats.nested import BRACED
from recsys_lib.data.inputs import (
    BY_FOLDER,
    BY_NAME,
    BY_PART,
    BY_VALUES,
    CHOSEN,
    KNOWN,
    Meaning,
)
from recsys_lib.data.layouts import Fields
from recsys_lib.data.vocabulary import (
    PRODUCT_RANKS,
    REVIEW_RANKS,
    best_named,
    names_id_of,
    plain,
)
from recsys_lib.errors import ParameterError, did_you_mean

ALL_THAT_FIT = "*"
_MOSTLY = 0.5
# Parts of a name that say what an id is of, when the name is none of the known ones.
_HINTS = {
    Ratings.USER: ("user", "customer", "client", "buyer", "reviewer", "member", "visitor", "kunde"),
    Ratings.ITEM: ("item", "product", "sku", "asin", "article", "artikel", "movie", "book"),
}
_BY_VALUES = {
    Ratings.TIMESTAMP: _looks.that_look_like_times,
    Ratings.RATING: _looks.that_look_like_ratings,
}
# The day in the name of a folder is a last resort: columns of the file may be more exact.
_MOMENTS = (Ratings.TIMESTAMP, Products.UPDATED)
_CHECKED = (Ratings.RATING, Ratings.TIMESTAMP, Ratings.QUANTITY)
# Columns that take objects and lists as they are.
_WHOLE = (
    Products.IMAGES,
    Products.CATEGORIES,
    Products.DETAILS,
    Products.FEATURES,
    Products.DESCRIPTION,
)
_NUMBERED = ("id", "nr", "no", "key", "code", "number", "nummer")

Wishes = Mapping[str, str | list[str]]
"""Our column -> its name in the files, or several of them; "" when it is to be ignored."""


@dataclass(frozen=True)
class Table:
    """How a kind of table, of reviews or of products, is told.

    Parameters
    ----------
    parameter: the parameter that names its columns.
    known: names that the layout knows.
    ranks: names in the vocabulary, by our column.
    required: columns that each file must have.
    published: whether the layout is that of a published dataset, whose ids are never objects.
    sees_values: whether times and ratings are also found by their values.
    form: how its text files are written, as far as the user says.
    """

    parameter: str
    known: Fields
    ranks: Mapping[str, Mapping[str, int]]
    required: tuple[str, ...]
    published: bool = False
    sees_values: bool = False
    form: TextForm = AS_FOUND


def understand(files: Sequence[Path], table: Table, wishes: Wishes) -> Meaning:
    """The meaning of the columns of all files of a table.

    Raises ParameterError when a name in ``wishes`` is in no file.
    """
    headers = {tuple(first_fields(file, table.form)): file for file in reversed(files)}
    chosen = check_wishes(wishes, table, list(headers.values()))
    parts = [
        _File(file, list(header), table, chosen).meaning()
        for header, file in reversed(list(headers.items()))
    ]
    return _joined(parts, table)


def check_wishes(wishes: Wishes, table: Table, files: Sequence[Path]) -> dict[str, list[str]]:
    """The wishes as lists of names that occur; a pattern becomes all names that it fits."""
    chosen: dict[str, list[str]] = {}
    for ours, theirs in wishes.items():
        if ours not in table.known:
            known = list(table.known)
            hint = did_you_mean(ours, known)
            raise ParameterError(f"{table.parameter}: there is no column {ours!r}{hint}")
        names = [theirs] if isinstance(theirs, str) else theirs
        chosen[ours] = []
        for name in filter(None, names):
            if ALL_THAT_FIT in name and ours != Products.DETAILS:
                raise ParameterError(
                    f"{table.parameter}: {ours} is {name!r}, but only {Products.DETAILS} can be "
                    "gathered from several fields: name one field"
                )
            found = _occurring(name, files, table.form)
            if files and not found:
                raise ParameterError(_no_such(ours, name, table, files))
            chosen[ours] += found
    return chosen


def _occurring(name: str, files: Sequence[Path], form: TextForm) -> list[str]:
    if ALL_THAT_FIT in name:
        everything = dict.fromkeys(field for file in files for field in all_fields(file, form))
        return fnmatch.filter(everything, name)
    if any(name in first_fields(file, form) for file in files):
        return [name]
    if "." in name and any(name in _samples.inner_names(file, form) for file in files):
        return [name]
    return [name] if any(name in all_fields(file, form) for file in files) else []


def _no_such(ours: str, name: str, table: Table, files: Sequence[Path]) -> str:
    there = list(dict.fromkeys(field for file in files for field in all_names(file, table.form)))
    hint = did_you_mean(name, there)
    listed = "" if "choose from" in hint else f" The columns there are {', '.join(there)}"
    where = files[0].name if len(files) == 1 else f"the {len(files)} files"
    return f"{table.parameter}: {ours} is {name!r}, which {where} does not have{hint}{listed}"


def all_names(file: Path, form: TextForm = AS_FOUND) -> list[str]:
    """The fields of a file, and those inside of its objects."""
    return [*first_fields(file, form), *_samples.inner_names(file, form)]


class _File:
    """The meaning of the columns of one file, found step by step."""

    def __init__(
        self, path: Path, header: list[str], table: Table, chosen: Mapping[str, list[str]]
    ) -> None:
        self.path, self.table, self.chosen = path, table, chosen
        self.inner = self._inner(header)
        self.names = [*header, *self.inner]
        self.folders = partition_values(path)
        roots = {name.split(".")[0] for name in self.inner} - set(self.inner)
        self.objects = {name for name in roots if self._holds_objects(name)}
        self.fields: dict[str, tuple[str, ...]] = {}
        self.how: dict[str, str] = {}
        self.open: dict[str, tuple[str, ...]] = {}

    def meaning(self) -> Meaning:
        """Each way of finding a column has its turn, the surest first."""
        for ours in self.table.known:
            if ours in self.chosen:
                self._take(ours, [n for n in self.chosen[ours] if self._has(n)], CHOSEN)
        for ours, names in self.table.known.items():
            free = self._free(ours)
            self._find(ours, [n for n in names if n in free], KNOWN)
        for ours, ranks in self.table.ranks.items():
            self._find_best(ours, best_named(self._free(ours), ranks, self.names), BY_NAME)
        for ours in self.table.required:
            named = [n for n in self._free(ours) if names_id_of(n, _HINTS.get(ours, ()))]
            self._find_best(ours, named, BY_PART)
        if self.table.sees_values:
            for ours, looks in _BY_VALUES.items():
                free = [n for n in self._free(ours) if not plain(n).endswith(_NUMBERED)]
                self._find_best(ours, looks(self.path, free, self.table.form), BY_VALUES)
        for ours in set(_MOMENTS) & set(self.table.known):
            self._find_best(ours, self._days_of_folders(), BY_FOLDER)
        return Meaning(self.fields, self.how, tuple(self._unused()), self.open)

    def _inner(self, header: list[str]) -> list[str]:
        """Names inside of objects, where they may be needed: published files have flat ids."""
        wanted = any("." in name for names in self.chosen.values() for name in names)
        flat = all(set(self.table.known[ours]) & set(header) for ours in self.table.required)
        may_nest = not self.table.published and not is_flat(self.path)
        return (
            _samples.inner_names(self.path, self.table.form)
            if wanted or may_nest or not flat
            else []
        )

    def _column(self, name: str) -> pl.Series:
        return _samples.column(self.path, name, self.table.form)

    def _holds_objects(self, name: str) -> bool:
        """Whether most values of a field are objects or lists, and not now and then one."""
        share = self._column(name).str.contains(BRACED).mean()
        return isinstance(share, float) and share > _MOSTLY

    def _has(self, name: str) -> bool:
        return name in self.names or name in all_fields(self.path, self.table.form)

    def _free(self, ours: str) -> list[str]:
        """The columns that are not taken yet, and could be this one."""
        if ours in self.fields or ours in self.chosen:
            return []
        taken = {name for names in self.fields.values() for name in names}
        if ours not in _WHOLE:
            taken |= self.objects
        if ours in _MOMENTS:
            taken |= set(self.folders)
        return [name for name in self.names if name not in taken]

    def _days_of_folders(self) -> list[str]:
        taken = {name for names in self.fields.values() for name in names}
        free = [name for name in self.folders if name not in taken]
        return _looks.that_look_like_times(self.path, free, self.table.form)

    def _find_best(self, ours: str, names: Collection[str], how: str) -> None:
        """Take the only one; several are an open question."""
        if ours in _CHECKED and how == BY_NAME:
            names = [n for n in names if _looks.fits(ours, self._column(n))]
        if len(names) > 1 and ours not in self.fields:
            self.open.setdefault(ours, tuple(names))
        elif len(names) == 1 and ours not in self.open:
            self._find(ours, names, how)

    def _find(self, ours: str, names: Iterable[str], how: str) -> None:
        if ours not in self.chosen and ours not in self.fields and (found := list(names)):
            self._take(ours, found, how)

    def _take(self, ours: str, names: Sequence[str], how: str) -> None:
        self.fields[ours], self.how[ours] = tuple(names), how

    def _unused(self) -> list[str]:
        taken = {name for names in self.fields.values() for name in names}
        free = (n for n in self.names if n not in taken and n not in self.objects)
        return [n for n in free if n.partition(".")[0] not in taken]


def _joined(parts: Sequence[Meaning], table: Table) -> Meaning:
    """One meaning for all files, in which each of them keeps its own names."""
    fields: dict[str, tuple[str, ...]] = {}
    for ours in table.known:
        names = (name for part in parts for name in part.fields.get(ours, ()))
        fields[ours] = tuple(dict.fromkeys(names))
    used = {name for names in fields.values() for name in names}
    unused = dict.fromkeys(name for part in parts for name in part.unused if name not in used)
    how: dict[str, str] = {}
    opened: dict[str, tuple[str, ...]] = {}
    for part in reversed(parts):
        how.update(part.how)
        opened.update(part.open)
    return Meaning(fields, how, tuple(unused), opened)


review_table = partial(
    Table,
    "etl.columns",
    ranks=REVIEW_RANKS,
    required=(Ratings.USER, Ratings.ITEM),
    sees_values=True,
)
product_table = partial(
    Table, "etl.product_columns", ranks=PRODUCT_RANKS, required=(Products.ITEM,)
)
