"""Queries without judges: a product is looked for by words of its own title, or of a review.

A stand-in: it tells whether a product can be found, not whether the others above it would have
been as good. Source: Azzopardi, de Rijke, Balog, "Building simulated queries for known-item
topics" (2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.formats import first_fields, first_records
from recsys_lib.data.layouts import LAYOUTS
from recsys_lib.search.quality.judgments import Judgments
from recsys_lib.search.retriever import ProductSearch
from recsys_lib.search.text import clean

TITLES, REVIEWS = "known items by their titles", "known items by their reviews"
_TITLE_WORDS = 4
_REVIEW_WORDS = 12
_REVIEW_FIELDS = ("text", "reviewText", "review", "body")


def known_items(search: ProductSearch, summary: dict, n: int, *, seed: int) -> list[Judgments]:
    """Up to ``n`` queries of words drawn from titles, and ``n`` of first words of reviews.

    ``summary`` is what the ETL left: it names the files of reviews. Without texts of reviews
    there are only those of titles.
    """
    rng = np.random.default_rng(seed)
    titles = search.display["title"].fill_null("")
    drawn = np.sort(rng.choice(len(titles), min(n, len(titles)), replace=False))
    by_title = [(_some_words(titles[int(row)], rng), int(row)) for row in drawn]
    by_review = list(_review_queries(search, summary, n))
    named = ((TITLES, by_title, "known_titles."), (REVIEWS, by_review, "known_reviews."))
    return [_judgments(name, pairs, prefix) for name, pairs, prefix in named if pairs]


def _judgments(name: str, pairs: Sequence[tuple[str, int]], prefix: str) -> Judgments:
    asked = [(query, row) for query, row in pairs if query]
    queries, grades = [query for query, _ in asked], [{row: 1.0} for _, row in asked]
    return Judgments(name, queries, grades, prefix)


def _some_words(title: str, rng: np.random.Generator) -> str:
    words = [word.strip(".,;:()[]") for word in title.split()]
    words = [word for word in words if any(c.isalnum() for c in word)]
    chosen = np.sort(rng.permutation(len(words))[:_TITLE_WORDS])
    return " ".join(words[place] for place in chosen)


def _review_queries(search: ProductSearch, summary: dict, n: int) -> Iterator[tuple[str, int]]:
    """First words of one review each of products in the index, as the first file has them."""
    path = Path(summary["files"][0]["path"])
    if not path.is_file():  # the processed dataset is there, the files it was made from are gone
        return
    present = first_fields(path)
    texts = [name for name in _REVIEW_FIELDS if name in present]
    names = [f for f in LAYOUTS[summary["source"]].reviews[Ratings.ITEM] if f in present]
    if not texts or not names:
        return
    schema = dict.fromkeys([names[0], texts[0]], pl.String())
    reviews = (
        first_records(path, schema)
        .frame.filter(pl.col(texts[0]).str.len_chars() > 0)
        .unique(names[0], keep="first", maintain_order=True)
    )
    for item, text in reviews.select(names[0], texts[0]).head(n).iter_rows():
        if item in search.items:
            yield " ".join(clean(text).split()[:_REVIEW_WORDS]), search.items.row(item)
