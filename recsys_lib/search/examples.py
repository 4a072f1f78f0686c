"""A look at what the models read and what the search finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.retriever import MODES, ProductSearch

_SHOWN_LETTERS = 400


def text_examples(encoder: TextEncoder, texts: Sequence[str], n: int) -> pl.DataFrame:
    """``n`` of the texts, spread over all that are not empty: their tokens, and how they begin."""
    texts = [text for text in texts if text]
    rows = np.linspace(0, len(texts) - 1, n + 2, dtype=int)[1:-1]
    spread = [texts[row] for row in np.unique(rows)]
    shown = [text[:_SHOWN_LETTERS] for text in spread]
    return pl.DataFrame({"tokens": encoder.token_counts(spread), "text": shown})


def search_examples(search: ProductSearch, queries: Sequence[str], k: int) -> pl.DataFrame:
    """Titles of the best k products for each query: query, rank, and a column for each mode."""
    names = search.display.select(pl.coalesce("title", "id")).to_series()
    tables = []
    for query in queries:
        columns = {mode: _padded(names[search.search(query, k, mode=mode)[0]], k) for mode in MODES}
        table = pl.DataFrame(columns).with_row_index("rank", offset=1)
        tables.append(table.select(pl.lit(query).alias("query"), pl.all()))
    shown = pl.concat(tables)
    return shown.filter(pl.any_horizontal(pl.col(mode).is_not_null() for mode in MODES))


def similar_examples(search: ProductSearch, row: int, k: int) -> pl.DataFrame:
    """The product at ``row`` (rank 0), then the k nearest to it by text."""
    rows, scores = search.similar(row, k)
    rows, scores = np.append(row, rows), np.append(1.0, scores)
    return pl.DataFrame(
        {
            "rank": np.arange(len(rows)),
            "title": search.display.select(pl.coalesce("title", "id")).to_series()[rows],
            "score": scores.astype(np.float64),
        }
    )


def example_queries(search: ProductSearch, n: int, words: int = 4) -> list[str]:
    """The first words of ``n`` titles spread over the catalogue: queries that suit any data."""
    titles = search.display["title"].drop_nulls()
    titles = titles.filter(titles.str.strip_chars() != "")
    spread = titles.gather(np.linspace(0, len(titles) - 1, n + 2, dtype=int)[1:-1]).to_list()
    starts = (" ".join(title.split()[:words]).rstrip(" -,.:;(") for title in spread)
    return list(dict.fromkeys(start for start in starts if start))


def example_slips(search: ProductSearch) -> list[str]:
    """A product's id in lower case, and a long word of its title with two letters swapped."""
    row = len(search) // 2
    title = search.display["title"].fill_null("")[row]
    longest = max(title.split(), key=lambda word: len(word) * word.isalpha(), default="")
    slip = longest[:2] + longest[3:4] + longest[2:3] + longest[4:]
    return [query for query in (search.display["id"][row].lower(), slip.lower()) if query.strip()]


def _padded(names: pl.Series, k: int) -> pl.Series:
    """The names, and null where there are less than k of them."""
    return names.extend_constant(None, k - len(names))
