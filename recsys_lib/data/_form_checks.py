"""Whether what the user says of the form of text files can be true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from recsys_lib.data.formats import AS_FOUND, TextForm, first_fields, form_of, guesses_of
from recsys_lib.data.formats._blocks import UNKNOWN
from recsys_lib.data.meaning import Table, understand
from recsys_lib.errors import InputDataError, ParameterError


def check_form(files: Iterable[Path], form: TextForm) -> None:
    """No table has a single column only because of the separator that is given."""
    if form.separator is None:
        return
    for path in files:
        try:
            is_table = form_of(path, form).separator is not None
            names = first_fields(path, form) if is_table else []
            found = form_of(path, replace(form, separator=None)).separator
        except InputDataError:
            continue
        if found and len(names) == 1 and found in names[0]:
            raise ParameterError(
                f"etl.separator is {form.separator!r}, which leaves {path.name} one column, "
                f"{names[0]!r}: set it to {found!r}, or to auto"
            )


def blame_form(path: Path, table: Table) -> None:
    """ParameterError where a file has all required columns, but not in the form that is given."""
    if table.form == AS_FOUND:
        return
    found = understand([path], replace(table, form=AS_FOUND), {})
    there = ", ".join(first_fields(path, table.form))
    if table.form.header and form_of(path).header is False:
        raise ParameterError(
            f"etl.header is True, but the first line of {path.name} has values, {there}: set it to "
            "auto; the columns are then called 1, 2, 3 in etl.columns"
        )
    if not found.lacks(table.required):
        needed = " or ".join(found.fields[table.required[0]])
        raise ParameterError(
            f"{table.form}, so that {path.name} has the columns {there}; as it looks by itself, it "
            f"has {needed} and others: correct it, or set it to auto"
        )


def guessed_form(files: Sequence[Path], form: TextForm) -> dict[str, str | bool]:
    """Parameters of the form of these files that only their first lines say, if all of them agree.

    What is given is no guess. A "?" stands where nothing tells an encoding.
    """
    forms: list[TextForm] = []
    guessed: set[str] = set()
    for path in files:
        try:
            found = form_of(path, form)
        except InputDataError:
            continue
        forms.append(found)
        guessed |= guesses_of(path, found) - set(form.given())
    values = {name: {getattr(one, name) for one in forms} - {None} for name in guessed}
    agreed = {name: next(iter(some)) for name, some in values.items() if len(some) == 1}
    unknown = {name: UNKNOWN for name, some in values.items() if UNKNOWN in some}
    return agreed | unknown
