"""Fields inside of fields: ``line.product.sku``, and lists of line items, one record each.

Readers hand over nested values as JSON text. Here a dotted name is looked up inside of it. Where
its way leads through a list of objects, such as the items of an order, each of them becomes a
record of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.data.formats.records import LINE, Records, Rejected, Schema, Work

_DEEPEST = 5
BRACED = r"^\s*[{\[]"
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)
_NO_ITEM = "the list of its items is empty"
_UNEQUAL = "its lists have different lengths"
Paths = Mapping[str, tuple[str, ...]]
"""Dotted name -> the steps that lead to its value."""


def nested_names(rows: pl.DataFrame) -> list[str]:
    """Names of the values inside of the objects in columns of text, such as ``customer.id``."""
    found: dict[str, None] = {}
    braced = rows.select(pl.all().str.contains(BRACED).any()).row(0, named=True)
    for name in (name for name, is_one in braced.items() if is_one):
        for text in rows[name].filter(rows[name].str.contains(BRACED)):
            found.update(dict.fromkeys(_leaves(_decoded(text), name)))
    return list(found)


def split_names(names: Iterable[str], header: Sequence[str]) -> tuple[list[str], Paths]:
    """Names of whole fields, and those that lead into a field; a header may hold dots itself."""
    whole, inside = [], {}
    for name in names:
        steps = _steps(name, header)
        if len(steps) == 1:
            whole.append(name)
        else:
            inside[name] = steps
    return whole, inside


def opened(
    works: Iterable[Work], schema: Schema, paths: Paths, path: Path, *, apart: bool
) -> Iterator[Work]:
    """The works of a reader with the fields in ``paths`` taken out of their objects.

    With ``apart`` each object of a list becomes a record; without, a value is the whole list.
    """
    for work in works:
        yield partial(_open, work, schema, paths, path, apart)


def outer_schema(schema: Schema, paths: Paths) -> dict[str, pl.DataType]:
    """What a reader must read, so that the fields in ``paths`` can be found."""
    outer = {name: kind for name, kind in schema.items() if name not in paths}
    return outer | {steps[0]: pl.String() for steps in paths.values()}


def _open(work: Work, schema: Schema, paths: Paths, path: Path, apart: bool) -> Records:
    records = work()
    frame, rejected = records.frame, list(records.rejected)
    roots = list(dict.fromkeys(steps[0] for steps in paths.values()))
    places: list[int] = []
    items: list[dict[str, str | None]] = []
    texts = [frame[root].cast(pl.String) for root in roots]
    for at, row in enumerate(zip(*texts, strict=True)):
        found = _items(dict(zip(roots, map(_decoded, row), strict=True)), paths, apart)
        if isinstance(found, str):
            shown = " ".join(str(text) for text in row)
            rejected.append(Rejected.from_line(path, frame[LINE][at], found, shown))
            continue
        places += [at] * len(found)
        items += found
    columns = [pl.Series(n, [item[n] for item in items], dtype=pl.String) for n in paths]
    whole = frame.select(*(name for name in schema if name not in paths), LINE)
    taken = whole[pl.Series(places, dtype=pl.UInt32)].with_columns(columns).select(*schema, LINE)
    n_more = len(taken) + len(rejected) - records.n_lines
    return replace(records, frame=taken, rejected=rejected, n_more=n_more)


def _items(record: Any, paths: Paths, apart: bool) -> list[dict[str, str | None]] | str:
    """The values of a record, one object for each object of its list; or why there are none."""
    values = {name: _values(record, steps) for name, steps in paths.items()}
    if not apart:
        return [{name: _one(value) for name, value in values.items()}]
    lists = {name: value for name, value in values.items() if isinstance(value, list)}
    lengths = {len(value) for value in lists.values()} or {1}
    if lengths == {0}:
        return _NO_ITEM
    if len(lengths) > 1:
        return _UNEQUAL
    return [
        {name: lists[name][at] if name in lists else _one(value) for name, value in values.items()}
        for at in range(lengths.pop())
    ]


def _one(value: str | list[str | None] | None) -> str | None:
    if not isinstance(value, list):
        return value
    return value[0] if len(value) == 1 else json.dumps(value, ensure_ascii=False)


def _values(value: Any, steps: Sequence[str]) -> str | list[str | None] | None:
    """The text at the end of a way; a list of them where it leads through a list."""
    for at, step in enumerate(steps):
        if isinstance(value, list):
            inner = (_values(one, steps[at:]) for one in value)
            return [v for one in inner for v in (one if isinstance(one, list) else [one])]
        value = value.get(step) if isinstance(value, dict) else None
    return _text(value)


def _steps(name: str, header: Sequence[str]) -> tuple[str, ...]:
    """The way to a value: the longest beginning of the name that is a field, then the keys."""
    if name in header or "." not in name:
        return (name,)
    parts = name.split(".")
    for n in range(len(parts) - 1, 0, -1):
        if (root := ".".join(parts[:n])) in header:
            return (root, *parts[n:])
    return (name,)


def _leaves(value: Any, name: str, depth: int = 0) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                yield from _leaves(inner, f"{name}.{key}", depth + 1)
            if not isinstance(inner, dict):
                yield f"{name}.{key}"
    elif isinstance(value, list):
        for inner in value:
            if isinstance(inner, dict):
                yield from _leaves(inner, name, depth + 1)


def _decoded(text: str | None) -> Any:
    """The value in a text; numbers stay as they are written. None where it is no JSON."""
    try:
        return None if text is None else _DECODER.decode(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
