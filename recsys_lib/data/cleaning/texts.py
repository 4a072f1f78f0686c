"""Texts of products: titles without markup, lists as JSON, category paths, pictures."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import polars as pl

from recsys_lib.data._pictures import addresses, decoded, listed, with_protocol
from recsys_lib.data.cleaning.notation import (
    PATHS,
    PLAIN_CATEGORIES,
    SEPARATORS,
    Evidence,
)

_HIDDEN = re.compile(r"<(script|style)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*(>|$)")
_REST_OF_TAG = re.compile(r"^[^<>]*[\"']\s*/?>\s*$|[\"']\s*/>\s*$")
_CODE = re.compile(
    r"[.#]?[\w-]+\s*\{[^{}]*:[^{}]*[;}]"  # a rule of CSS
    r"|\bfunction\s*\w*\s*\(|\bvar\s+\w+\s*=|\bdocument\.\w+|\bwindow\.\w+"
)
_SPACE = re.compile(r"[\s\0]+")
_MARKUP = r"[<>&{\x00]|\s\s|[\s--[ ]]|function|var |document\.|window\."
_ONE_STRING = r'^\["([^"\\]*)"\]$'
_PLAIN_PICTURES = r'^(\[(\{"|"(https?|data):)|(https?|data):[^\s,;|]+$)'


def plain_titles(titles: pl.Series) -> pl.Series:
    """Titles without markup; null where nothing but markup, styles or a script is left."""
    return _mended(titles, titles.str.contains(_MARKUP), _plain_title)


def plain_text(text: str) -> str:
    """Text without HTML tags, entities and NUL characters, and with single spaces only."""
    visible = _TAG.sub(" ", _HIDDEN.sub(" ", text))
    return _SPACE.sub(" ", html.unescape(visible)).strip()


def json_texts(values: pl.Series) -> pl.Series:
    """Lists and objects as JSON, even when Python printed them; other text unchanged."""
    nested = values.str.contains(r"^[\[{]")
    # Python prints strings in single quotes, so text without any is JSON for sure.
    sure = values.str.contains(r'^(\["|\{"|\[\{")') & ~values.str.contains("'", literal=True)
    return _mended(values, nested & ~sure, _json_text)


def path_evidence(categories: pl.Series) -> Evidence:
    """How many categories are one text, and how many of these hold each separator of paths."""
    texts = _single_texts(categories).drop_nulls()
    found = Evidence({PLAIN_CATEGORIES: len(texts)})
    for mark in SEPARATORS:
        found[PATHS + mark] = int(texts.str.contains(mark, literal=True).sum())
    return found


def split_paths(categories: pl.Series, separator: str) -> pl.Series:
    """Paths such as ``Home > Lamps`` as JSON lists, if there is a separator."""
    if not separator:
        return categories
    texts = _single_texts(categories)
    split = partial(_split_path, separator=separator)
    return _mended(texts, texts.is_not_null(), lru_cache(maxsize=100_000)(split), categories)


def read_pictures(images: pl.Series) -> pl.Series:
    """One address, or a JSON list of addresses or objects; null where no address can be used."""
    plain = images.str.contains(_PLAIN_PICTURES) & ~images.str.contains('"//', literal=True)
    return _mended(images, ~plain, _pictures)


def _plain_title(title: str) -> str | None:
    text = _REST_OF_TAG.sub(lambda rest: rest[0].rstrip("\"'/> "), plain_text(title))
    return None if not text or _CODE.search(text) else text


def _single_texts(categories: pl.Series) -> pl.Series:
    """Categories that are one text, also as a list of one; null for others."""
    inner = categories.str.extract(_ONE_STRING)
    plain = categories.set(categories.str.contains(r"^[\[{]").fill_null(False), None)
    return plain.zip_with(plain.is_not_null(), inner)


def _split_path(text: str, separator: str) -> str:
    names = [name.strip() for name in text.split(separator)]
    return json.dumps([name for name in names if name], ensure_ascii=False)


def _pictures(text: str) -> str | None:
    value: Any = decoded(text)
    found = list(addresses(value))
    if not found:
        return None
    if isinstance(value, str) and len(found) == 1:
        return found[0]
    images = [with_protocol(image) for image in listed(value) if isinstance(image, dict)]
    return json.dumps(images or found, ensure_ascii=False)


def _mended(
    values: pl.Series,
    doubtful: pl.Series,
    mend: Callable[[str], str | None],
    rest: pl.Series | None = None,
) -> pl.Series:
    """The doubtful values mended, the others as in ``rest`` (default: as they are)."""
    rest = values if rest is None else rest
    places = doubtful.fill_null(False).arg_true()
    if not len(places):
        return rest
    made = pl.Series(values.name, [mend(value) for value in values.gather(places)], dtype=pl.String)
    return rest.clone().scatter(places, made)


def _json_text(value: str) -> str:
    try:
        json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        try:
            return json.dumps(ast.literal_eval(value), ensure_ascii=False, default=str)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return value
    return value
