"""What the question box suggests while somebody types, and what a typed text means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import pandas as pd
import polars as pl

from recsys_lib.columns import Answers
from recsys_lib.search import facets
from recsys_lib.serving import Recommender

Kind = Literal["product", "person", "words"]
COLUMNS = ("kind", "id", "label", "note", Answers.IMAGE)

_SHORTEST_ID = 3
_MOST_PEOPLE = 3
_TYPICAL = (4, 12)
"""A history of so many items says what somebody likes, and fits on a screen."""
_POOL = 200
"""Titles with the words, of which the most rated come first."""


@dataclass(frozen=True)
class Question:
    """What somebody wants to know about: a product or person by id, or words to search for."""

    kind: Kind
    text: str


def suggestions(recommender: Recommender, text: str, n: int = 8) -> pd.DataFrame:
    """People and products that a text may mean, columns ``COLUMNS``; examples for an empty text.

    Ids count in any case. Words are looked for in titles; where few have them all, slips of the
    pen are corrected.
    """
    text = text.strip()
    if not text:
        products = recommender.example_items(n // 2)
        people = example_people(recommender, n - len(products))
    else:
        people = list(islice(_people(recommender, text), _MOST_PEOPLE))
        products = list(islice(_products(recommender, text), n - len(people)))
    rows = [_product(recommender, item) for item in products]
    rows += [("person", user, user, _history_of(recommender, user), None) for user in people]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def question_of(recommender: Recommender, text: str) -> Question:
    """What a text means when it is sent as it is: an id in any case, or words."""
    text = text.strip()
    products = _by_prefix(recommender.items.ids.series(), text)
    beginnings: dict[Kind, Iterator[str]] = {
        "product": products,
        "person": _people(recommender, text),
    }
    for kind, ids in beginnings.items():
        same = [found for found in ids if found.casefold() == text.casefold()]
        if same:
            return Question(kind, text if text in same else same[0])
    return Question("words", text)


def example_people(recommender: Recommender, n: int) -> list[str]:
    """People with a history of typical length, always the same ones; else the longest histories."""
    als = recommender.als
    if als is None:
        return []
    chosen = als.histories.of_length(*_TYPICAL, n)
    return recommender.example_users(n) if len(chosen) < n else list(als.users.ids(chosen))


def _people(recommender: Recommender, text: str) -> Iterator[str]:
    """Ids of people that begin with the text as typed, in capitals or in small letters."""
    if not text or " " in text or recommender.als is None:
        return
    users = recommender.als.users
    for form in _forms(text):
        if len(text) < _SHORTEST_ID:
            yield from (form for _ in range(form in users))
        else:
            yield from _shortest_first(users.starting_with(form, _POOL))


def _products(recommender: Recommender, text: str) -> Iterator[str]:
    """Ids of products, each once: those whose id begins so, then by title, then by words."""
    seen: set[str] = set()
    for source in (_by_prefix(recommender.items.ids.series(), text), _found(recommender, text)):
        for item in source:
            if item not in seen:
                seen.add(item)
                yield item


def _by_prefix(ids: pl.Series, text: str) -> Iterator[str]:
    """Ids that begin with the text as typed, in capitals or in small letters."""
    if not text or " " in text:
        return
    for form in _forms(text):
        if len(text) < _SHORTEST_ID:  # a short one only as a whole: many begin so
            yield from ids.filter(ids == form)
        else:
            yield from _shortest_first(ids.filter(ids.str.starts_with(form)).head(_POOL))


def _forms(text: str) -> list[str]:
    return list(dict.fromkeys((text, text.upper(), text.lower())))


def _shortest_first(ids: Iterable[str]) -> list[str]:
    return sorted(ids, key=lambda name: (len(name), name))


def _found(recommender: Recommender, text: str) -> Iterator[str]:
    yield from _titled(recommender, text)
    search = recommender.product_search
    if search is None or len(text) < _SHORTEST_ID:
        return
    first, _, last = text.rpartition(" ")  # the last word may be half typed
    corrections = search.corrections(first)
    if corrections:
        words = [corrections.get(word.lower(), word) for word in first.split()]
        yield from _titled(recommender, " ".join([*words, last]))
    yield from recommender.search(text, _POOL // 10, mode="lexical")[Answers.ITEM]


def _titled(recommender: Recommender, words: str) -> list[str]:
    """Items whose title has all the words, those with most ratings first."""
    found = recommender.find_items(words, _POOL)[Answers.ITEM].tolist()
    counts = recommender.items.facet_index.numbers(facets.REVIEWS)[
        recommender.items.ids.rows(found)
    ]
    return [found[n] for n in np.argsort(-np.nan_to_num(counts), kind="stable")]


def _product(recommender: Recommender, item_id: str) -> tuple[str, str, str, str, str | None]:
    known = recommender.item(item_id)
    title = known[Answers.TITLE] or item_id
    return "product", item_id, title, item_id if title != item_id else "", known[Answers.IMAGE]


def _history_of(recommender: Recommender, user: str) -> str:
    als = recommender.require_als()
    n = len(als.history(als.users.row(user)))
    return f"person, {n:,} product{'s'[: n - 1]}"
