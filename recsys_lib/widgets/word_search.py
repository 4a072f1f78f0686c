"""Search, with what was understood: corrected slips, matched words, and the time taken."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pandas as pd

from recsys_lib.search import Mode
from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import Pieces


@dataclass(frozen=True)
class Found:
    """An answer to words, and how it came about.

    Parameters
    ----------
    answer: the products, best first.
    seconds: how long it took.
    corrections: misspelled words, each with the word that was searched for instead.
    """

    answer: pd.DataFrame
    seconds: float
    corrections: dict[str, str]


def find(
    recommender: Recommender, query: str, n: int, mode: Mode | None = None, **wishes: object
) -> Found:
    """Products for words; mode None is that of the index."""
    started = time.perf_counter()
    answer = recommender.search(query, n, mode=mode, **wishes)  # type: ignore[arg-type]
    seconds = time.perf_counter() - started
    search = recommender.product_search
    corrections = {} if search is None or mode == "semantic" else search.corrections(query)
    return Found(answer, seconds, corrections)


def marked(recommender: Recommender, query: str, title: str) -> Pieces:
    """A title in pieces: those that are words of the query, and those that are not."""
    search = recommender.product_search
    spans = [] if search is None else search.matches(query, title)
    pieces, at = [], 0
    for start, stop in spans:
        pieces += [(title[at:start], False), (title[start:stop], True)]
        at = stop
    return [piece for piece in [*pieces, (title[at:], False)] if piece[0]]
