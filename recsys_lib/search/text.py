"""Product texts: catalogue fields as clean text for the encoder and for lexical search.

The encoder reads a limited number of tokens, so it gets one line with the most important field
first. Lexical search gets the words of each field separately.
"""

from __future__ import annotations

import contextlib
import difflib
import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.errors import InputDataError, ParameterError

Result = TypeVar("Result")

_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
# A tag starts with a letter, "/" or "!": "5 < 6 and 7 > 2" holds none.
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_WORD = re.compile(r"\w+")
# A sentence that many products share says nothing about any of them. A shorter text that many
# share, such as "Xerox", is a brand, which does.
_BOILERPLATE_WORDS = 4
_BOILERPLATE_PRODUCTS = 20
_BOILERPLATE_SHARE = 0.01


def product_texts(products: pl.DataFrame, fields: Sequence[str]) -> list[str]:
    """One text per product: the values of its fields, joined by ". ".

    Lists and objects (JSON text) contribute all their values, objects as "key: value". Left out
    are values whose words have all appeared before in the text and, after the first field,
    sentences that more than 1 % of the products share.

    Parameters
    ----------
    products
        The catalogue, with the columns of the table product_catalog.
    fields
        Columns to read, most important first.

    Returns
    -------
    Texts in the order of the products; "" for a product without any text.

    Raises
    ------
    ParameterError
        For a field that is no column of ``products``.

    Examples
    --------
    >>> import polars as pl
    >>> products = pl.DataFrame(
    ...     {
    ...         "title": ["Dryer belt", "Water filter"],
    ...         "store": ["Acme", None],
    ...         "features": ['["Fits &amp; lasts", "A <b>strong</b> belt"]', "[]"],
    ...     }
    ... )
    >>> product_texts(products, ["title", "store", "features"])
    ['Dryer belt. Acme. Fits & lasts. A strong belt', 'Water filter']
    """
    _check(fields, products.columns, "embed.fields")
    columns = [of_distinct(_clean_parts, products[field]) for field in fields]
    boilerplate = _shared_sentences(columns[1:], len(products))
    return [
        _join([*first, *(p for parts in rest for p in parts if p not in boilerplate)])
        for first, *rest in zip(*columns, strict=True)
    ]


def check_texts(texts: Sequence[str], fields: Sequence[str], files: Sequence[str] = ()) -> None:
    """InputDataError unless a product has a text; it names ``files``, from which products come."""
    if any(texts):
        return
    if not texts:
        raise InputDataError("the dataset has no products: give a product file (etl.products)")
    raise InputDataError(
        f"{', '.join(files) or 'the product file'}: none of the {len(texts):,} products has any "
        f"text in {', '.join(fields)}: these fields are blank there, or have other names: fill "
        "them, give their names (etl.product_columns), or choose other fields (embed.fields)"
    )


def field_texts(products: pl.DataFrame, field: str, parameter: str) -> list[str]:
    """The text of one field per product, for lexical search; "" where there is none.

    Keys of objects are left out, because they are the same for every product. The ParameterError
    for a field that is no column names ``parameter``.
    """
    _check([field], products.columns, parameter)
    return of_distinct(lambda value: " ".join(map(clean, values(value))), products[field])


def of_distinct(function: Callable[[Any], Result], cells: Iterable[Any]) -> list[Result]:
    """The result of each cell, computed once for those that are the same, as brands often are."""
    cells = list(cells)
    results = {cell: function(cell) for cell in dict.fromkeys(cells)}
    return [results[cell] for cell in cells]


def values(value: Any) -> Iterator[str]:
    """The texts in one catalogue cell, which may be JSON of any depth; without keys."""
    value = _parsed(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from values(inner)
    elif isinstance(value, str):
        yield value


def clean(text: str) -> str:
    """``text`` as a reader sees it: no entities, tags, runs of spaces or broken characters."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", _UNSEEN.sub(" ", text))
    if not text.isascii():
        # JSON escapes can hold half an emoji, which is no character and crashes the tokenizer.
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return " ".join(text.split())


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
    """Join the parts that add at least one new word."""
    said: set[str] = set()
    kept = []
    for part in parts:
        words = set(_WORD.findall(part.lower())) or {part}
        if not words <= said:
            said |= words
            kept.append(part)
    return ". ".join(kept)


def _clean_parts(value: Any) -> list[str]:
    """The clean texts in one catalogue cell, without empty ones."""
    parts = (clean(part).rstrip(". ") for part in _leaves(_parsed(value)))
    return [part for part in parts if part]


def _parsed(value: Any) -> Any:
    """A catalogue cell: plain text, a number, or JSON of any depth."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        # Plain text may also start like "[New] dryer belt".
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
