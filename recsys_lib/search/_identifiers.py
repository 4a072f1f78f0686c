"""Exact product codes: ids, part numbers, model numbers, bar codes."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import polars as pl

from recsys_lib.columns import Products
from recsys_lib.search._words import code

_CODE_KEYS = re.compile(r"\b(part|model|item|mpn|upc|ean|gtin|isbn|sku|asin)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\s,;()\[\]\"]+")
# What else becomes a digit is outside ASCII, such as a half in one character.
_MAY_BE_MIXED = re.compile(r"[0-9]|[^\x00-\x7f]")
_SHORTEST = 5
_LONGEST = 40
_MOST_PRODUCTS = 20  # what more products share is no code: "1080p", "100pcs"

SCHEMA = {"code": pl.String(), "row": pl.Int64()}


def identifiers(products: pl.DataFrame) -> pl.DataFrame:
    """All codes with their products: columns code (capitals, no separators) and row.

    Codes are the ids, what details hold under keys such as "Part Number", and the words of titles
    that mix letters and digits.
    """
    read = products.select(Products.ITEM, Products.TITLE, Products.DETAILS)
    pairs = [
        (found, row)
        for row, (item, title, details) in enumerate(read.iter_rows())
        for found in {code(item), *_in_title(title or ""), *_in_details(details or "")}
        if found
    ]
    columns = {"code": [found for found, _ in pairs], "row": [row for _, row in pairs]}
    frame = pl.DataFrame(columns, schema=SCHEMA).sort("code", "row")
    return frame.filter(pl.len().over("code") <= _MOST_PRODUCTS)


def rows_with_code(codes: pl.DataFrame, query: str) -> np.ndarray:
    """Rows of the products whose code is the whole query, int64; empty when it is no code.

    A short number is none: whoever types "12" looks for a word of a title, not for the twelfth
    product of a table.
    """
    wanted = code(query) if len(query) <= 2 * _LONGEST else ""
    if not wanted or (wanted.isdecimal() and len(wanted) < _SHORTEST):
        return np.empty(0, dtype=np.int64)
    # polars' search_sorted hands each search to its threads, which costs more than the search.
    column = codes["code"]
    first = bisect_left(column, wanted)
    return codes["row"][first : bisect_right(column, wanted, lo=first)].to_numpy()


def _in_title(title: str) -> Iterator[str]:
    for word in filter(_MAY_BE_MIXED.search, _WORD.findall(title)):
        found = code(word)
        if _SHORTEST <= len(found) <= _LONGEST and _is_mixed(found):
            yield found


def _in_details(details: str) -> Iterator[str]:
    if not details.startswith("{"):
        return
    try:
        values = json.loads(details)
    except json.JSONDecodeError:
        return
    for key, value in values.items():
        if isinstance(value, str) and _is_of_codes(key):
            found = code(value)
            if len(found) <= _LONGEST and any(c.isdigit() for c in found):
                yield found


@lru_cache(maxsize=4096)  # the same few names in every product
def _is_of_codes(name: str) -> bool:
    return _CODE_KEYS.search(name) is not None


def _is_mixed(text: str) -> bool:
    return any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
