"""What the language model reads of a product: its catalogue fields as one clean line of text."""

from __future__ import annotations

import contextlib
import difflib
import html
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.errors import ParameterError

_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# A tag starts with a letter, "/" or "!": "5 < 6 and 7 > 2" holds none.
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")


def product_texts(products: pl.DataFrame, fields: Sequence[str]) -> list[str]:
    """One text per product: the values of ``fields`` in that order, joined by ". ".

    ``products`` has the columns of the table product_catalog. Lists and objects (JSON text) give
    all their values, an object as "key: value"; a value that was already there is left out. A
    product without any text gets "". Raises ParameterError for a field that is no column.
    """
    for field in fields:
        _check(field, products.columns)
    columns = (products[field].to_list() for field in fields)
    return [_text(values) for values in zip(*columns, strict=True)]


def clean(text: str) -> str:
    """``text`` as a person would see it: no entities, tags, odd spaces or broken characters."""
    text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", _UNSEEN.sub(" ", text))
    # JSON escapes can hold half of an emoji, which is no character and stops the tokenizer.
    return " ".join(text.encode("utf-8", "ignore").decode("utf-8").split())


def _check(field: str, columns: Sequence[str]) -> None:
    if field not in columns:
        close = difflib.get_close_matches(field, Products.ALL, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ParameterError(
            f"embed.fields names {field!r}, which the catalogue does not have: {hint}"
            f"Choose from {', '.join(columns)}"
        )


def _text(values: tuple[Any, ...]) -> str:
    parts = (clean(part).rstrip(". ") for value in values for part in _parts(value))
    return ". ".join(dict.fromkeys(part for part in parts if part))


def _parts(value: Any) -> Iterator[str]:
    """The texts in one cell of the catalogue: plain text, a number, or JSON of any depth."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        # A plain text may well start like "[New] dryer belt".
        with contextlib.suppress(json.JSONDecodeError):
            value = json.loads(value)
    yield from _leaves(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            inside = ", ".join(_leaves(inner))
            if inside:
                yield f"{key.strip(' :')}: {inside}"
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)
