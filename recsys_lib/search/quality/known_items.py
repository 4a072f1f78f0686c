"""Queries without judges: a product is looked for by words of its own title, or of a review.

A substitute: it shows whether a product can be found, not whether the products ranked above it
would have been as good. Reference: Azzopardi, de Rijke, Balog, "Building simulated queries for
known-item topics" (2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.ids import read_ids, without_fraction
from recsys_lib.data.formats import TextForm, read_records
from recsys_lib.data.formats.records import Start
from recsys_lib.data.meaning import all_names
from recsys_lib.data.vocabulary import REVIEW_TEXT_RANKS, best_named
from recsys_lib.search._questions import some_words
from recsys_lib.search.qrels import Qrels
from recsys_lib.search.retriever import ProductSearch
from recsys_lib.search.text import clean

TITLES, REVIEWS = "known items by their titles", "known items by their reviews"
_TITLE_WORDS = 4
_REVIEW_WORDS = 12
_ITEM, _TEXT, _PLACE, _HASH = "item", "text", "place", "hash"
_KEYS = {_PLACE: pl.UInt32, _HASH: pl.String}


def known_items(search: ProductSearch, summary: dict, n: int, *, seed: int) -> list[Qrels]:
    """Up to ``n`` queries of words drawn from titles, and ``n`` of the first words of reviews.

    ``summary`` is that of the ETL, which names the review files. A kind without any words, such
    as titles that are all blank, is left out.
    """
    rng = np.random.default_rng(seed)
    titles = search.display["title"].fill_null("")
    drawn = np.sort(rng.choice(len(titles), min(n, len(titles)), replace=False))
    by_title = [(some_words(titles[int(row)], _TITLE_WORDS, rng), int(row)) for row in drawn]
    by_review = list(_review_queries(search, summary, n, seed))
    kinds = [
        _qrels(TITLES, by_title, "known_titles."),
        _qrels(REVIEWS, by_review, "known_reviews."),
    ]
    return [kind for kind in kinds if kind.queries]


def _qrels(name: str, pairs: Sequence[tuple[str, int]], prefix: str) -> Qrels:
    """Each query has one product that answers it; a query without words is left out."""
    pairs = [(query, row) for query, row in pairs if query]
    return Qrels(name, [query for query, _ in pairs], [{row: 1.0} for _, row in pairs], prefix)


def _review_queries(
    search: ProductSearch, summary: dict, n: int, seed: int
) -> Iterator[tuple[str, int]]:
    """The first words of one review of each of ``n`` products, from the first review file.

    All of its records are read, and which count is drawn from ids and texts alone: the order of the
    lines decides nothing.
    """
    path = Path(summary["files"][0]["path"])
    if not path.is_file():  # the dataset was processed, and then its input files were removed
        return
    names = summary["review_columns"].get(Ratings.ITEM, ())
    form = TextForm(**summary["text_form"])
    others = [field for field in all_names(path, form) if field not in names]
    texts = best_named(others, REVIEW_TEXT_RANKS, others)
    if not texts or not names:
        return
    schema = dict.fromkeys([*names, texts[0]], pl.String())
    drawn = pl.DataFrame(schema={_ITEM: pl.String, _TEXT: pl.String, **_KEYS})
    places = _places(search, seed)
    for work in read_records(path, schema, Start(), form, apart=True):
        frame = work().frame
        items = frame.select(pl.coalesce(names).alias(_ITEM)).to_series()
        reviews = frame.select(_known(items, search), pl.col(texts[0]).alias(_TEXT))
        with_text = reviews.filter(pl.col(_TEXT).str.len_chars() > 0)
        drawn = _draw(pl.concat([drawn, _ranked(with_text, places, n)]), n)
    for item, text in drawn.select(_ITEM, _TEXT).iter_rows():
        yield " ".join(clean(text).split()[:_REVIEW_WORDS]), search.items.row(item)


def _known(items: pl.Series, search: ProductSearch) -> pl.Series:
    """The ids as the catalogue writes them: 22423 for 22423.0, where it has no such id."""
    ids, _ = read_ids(items)
    return ids.zip_with(ids.is_in(search.items.series().implode()), without_fraction(ids))


def _places(search: ProductSearch, seed: int) -> pl.DataFrame:
    """The products in random order: columns item, place."""
    order = np.random.default_rng(seed).permutation(len(search.items))
    return pl.DataFrame({_ITEM: search.items.series(), _PLACE: order.astype(np.uint32)})


def _ranked(reviews: pl.DataFrame, places: pl.DataFrame, n: int) -> pl.DataFrame:
    """The reviews of the ``n`` products that come first, with a hash of each text."""
    known = reviews.join(places, on=_ITEM)
    known = known.filter(pl.col(_PLACE).rank("dense") <= n)
    hashes = [sha256(text.encode()).hexdigest() for text in known[_TEXT]]
    return known.with_columns(pl.Series(_HASH, hashes, dtype=pl.String))


def _draw(ranked: pl.DataFrame, n: int) -> pl.DataFrame:
    """One review of each product, for the ``n`` that come first."""
    return ranked.sort(_PLACE, _HASH).unique(_ITEM, keep="first", maintain_order=True).head(n)
