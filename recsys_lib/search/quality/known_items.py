"""Queries without judges: a product is looked for by words of its own title, or of a review.

A substitute: it shows whether a product can be found, not whether the products ranked above it
would have been as good. Reference: Azzopardi, de Rijke, Balog, "Building simulated queries for
known-item topics" (2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.formats import first_fields, first_records
from recsys_lib.data.layouts import LAYOUTS
from recsys_lib.search.quality.qrels import Qrels
from recsys_lib.search.retriever import ProductSearch
from recsys_lib.search.text import clean

TITLES, REVIEWS = "known items by their titles", "known items by their reviews"
_TITLE_WORDS = 4
_REVIEW_WORDS = 12
_REVIEW_FIELDS = ("text", "reviewText", "review", "body")


def known_items(search: ProductSearch, summary: dict, n: int, *, seed: int) -> list[Qrels]:
    """Up to ``n`` queries of words drawn from titles, and ``n`` of the first words of reviews.

    ``summary`` is that of the ETL, which names the review files. A kind without any words, such
    as titles that are all blank, is left out.
    """
    rng = np.random.default_rng(seed)
    titles = search.display["title"].fill_null("")
    drawn = np.sort(rng.choice(len(titles), min(n, len(titles)), replace=False))
    by_title = [(_some_words(titles[int(row)], rng), int(row)) for row in drawn]
    by_review = list(_review_queries(search, summary, n))
    kinds = [
        _qrels(TITLES, by_title, "known_titles."),
        _qrels(REVIEWS, by_review, "known_reviews."),
    ]
    return [kind for kind in kinds if kind.queries]


def _qrels(name: str, pairs: Sequence[tuple[str, int]], prefix: str) -> Qrels:
    """Each query has one product that answers it; a query without words is left out."""
    pairs = [(query, row) for query, row in pairs if query]
    return Qrels(name, [query for query, _ in pairs], [{row: 1.0} for _, row in pairs], prefix)


def _some_words(title: str, rng: np.random.Generator) -> str:
    words = [word.strip(".,;:()[]") for word in title.split()]
    words = [word for word in words if any(c.isalnum() for c in word)]
    chosen = np.sort(rng.permutation(len(words))[:_TITLE_WORDS])
    return " ".join(words[position] for position in chosen)


def _review_queries(search: ProductSearch, summary: dict, n: int) -> Iterator[tuple[str, int]]:
    """The first words of one review of each product, from the start of the first review file."""
    path = Path(summary["files"][0]["path"])
    if not path.is_file():  # the dataset was processed, and then its input files were removed
        return
    present = first_fields(path)
    texts = [name for name in _REVIEW_FIELDS if name in present]
    names = [f for f in LAYOUTS[summary["source"]].reviews[Ratings.ITEM] if f in present]
    if not texts or not names:
        return
    records = first_records(path, dict.fromkeys([names[0], texts[0]], pl.String())).frame
    with_text = records.filter(pl.col(texts[0]).str.len_chars() > 0)
    reviews = with_text.unique(names[0], keep="first", maintain_order=True)
    for item, text in reviews.select(names[0], texts[0]).head(n).iter_rows():
        if item in search.items:
            yield " ".join(clean(text).split()[:_REVIEW_WORDS]), search.items.row(item)
