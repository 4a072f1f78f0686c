"""What the models read of a product: its catalogue fields as clean text.

The language model gets one line, most important field first, so that its limited window is
filled by what matters. Lexical search gets the words of each field by themselves.
"""

from __future__ import annotations

import contextlib
import difflib
import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.errors import ParameterError

_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# A tag starts with a letter, "/" or "!": "5 < 6 and 7 > 2" holds none.
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_WORD = re.compile(r"\w+")
_BOILERPLATE_WORDS = 4  # "Xerox" in many products is a brand, a whole sentence is no news
_BOILERPLATE_PRODUCTS = 20
_BOILERPLATE_SHARE = 0.01


def product_texts(products: pl.DataFrame, fields: Sequence[str]) -> list[str]:
    """One text per product: the values of ``fields`` in that order, joined by ". ".

    ``products`` has the columns of the table product_catalog. Lists and objects (JSON text) give
    all their values, an object as "key: value". What says nothing new is left out: a value whose
    words were all there already, and, after the first field, sentences that more than 1 % of the
    products share. A product without any text gets "". Raises ParameterError for a field that is
    no column.
    """
    _check(fields, products.columns, "embed.fields")
    columns = [[_clean_parts(value) for value in products[field]] for field in fields]
    boilerplate = _shared_sentences(columns[1:], len(products))
    return [
        _join([*first, *(p for parts in rest for p in parts if p not in boilerplate)])
        for first, *rest in zip(*columns, strict=True)
    ]


def field_texts(products: pl.DataFrame, field: str, parameter: str) -> list[str]:
    """The text of one field per product, for lexical search; "" where there is none.

    Of an object only the values count that are text: its keys say the same of every product.
    ``parameter`` is named by the ParameterError for a field that is no column.
    """
    _check([field], products.columns, parameter)
    return [" ".join(map(clean, values(value))) for value in products[field]]


def values(value: Any) -> Iterator[str]:
    """The texts in one cell of the catalogue, which may be JSON of any depth, without its keys."""
    value = _parsed(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from values(inner)
    elif isinstance(value, str):
        yield value


def clean(text: str) -> str:
    """``text`` as a person would see it: no entities, tags, odd spaces or broken characters."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", _UNSEEN.sub(" ", text))
    # JSON escapes can hold half of an emoji, which is no character and stops the tokenizer.
    return " ".join(text.encode("utf-8", "ignore").decode("utf-8").split())


def _check(fields: Iterable[str], columns: Sequence[str], parameter: str) -> None:
    for field in fields:
        if field not in columns:
            close = difflib.get_close_matches(field, Products.ALL, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise ParameterError(
                f"{parameter} names {field!r}, which the catalogue does not have: {hint}"
                f"Choose from {', '.join(columns)}"
            )


def _shared_sentences(columns: Sequence[Sequence[list[str]]], n_products: int) -> set[str]:
    counts = Counter(part for column in columns for parts in column for part in set(parts))
    most = max(_BOILERPLATE_PRODUCTS, _BOILERPLATE_SHARE * n_products)
    return {
        part
        for part, n in counts.items()
        if n > most and len(_WORD.findall(part)) >= _BOILERPLATE_WORDS
    }


def _join(parts: Iterable[str]) -> str:
    """The parts that say something which those before did not."""
    said: set[str] = set()
    kept = []
    for part in parts:
        words = set(_WORD.findall(part.lower())) or {part}
        if not words <= said:
            said |= words
            kept.append(part)
    return ". ".join(kept)


def _clean_parts(value: Any) -> list[str]:
    """The texts in one cell of the catalogue, each clean and not empty."""
    parts = (clean(part).rstrip(". ") for part in _leaves(_parsed(value)))
    return [part for part in parts if part]


def _parsed(value: Any) -> Any:
    """A cell of the catalogue: plain text, a number, or JSON of any depth."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        # A plain text may well start like "[New] dryer belt".
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(value)
    return value


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
