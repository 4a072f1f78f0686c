"""A look at what the index finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from recsys_lib.search.retriever import SemanticSearch


def search_examples(search: SemanticSearch, queries: Sequence[str], k: int) -> pl.DataFrame:
    """The best k products for each query: query, rank, title, score."""
    return pl.concat([_answer(search, query, *search.search(query, k)) for query in queries])


def similar_examples(search: SemanticSearch, row: int, k: int) -> pl.DataFrame:
    """The product at ``row`` (rank 0), then the k nearest to it by text."""
    rows, scores = search.similar(row, k)
    nearest = _answer(search, "", np.append(row, rows), np.append(1.0, scores))
    return nearest.select(pl.col("rank") - 1, "title", "score")


def example_queries(search: SemanticSearch, n: int, words: int = 4) -> list[str]:
    """The first words of ``n`` titles spread over the catalogue: queries that suit any data."""
    titles = search.display["title"].drop_nulls()
    titles = titles.filter(titles.str.strip_chars() != "")
    spread = titles.gather(np.linspace(0, len(titles) - 1, n + 2, dtype=int)[1:-1]).to_list()
    starts = (" ".join(title.split()[:words]).rstrip(" -,.:;(") for title in spread)
    return list(dict.fromkeys(start for start in starts if start))


def _answer(
    search: SemanticSearch, query: str, rows: np.ndarray, scores: np.ndarray
) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "query": pl.repeat(query, len(rows), eager=True),
            "rank": np.arange(1, len(rows) + 1),
            "title": search.display.select(pl.coalesce("title", "id")).to_series()[rows],
            "score": scores.astype(np.float64),
        }
    )
