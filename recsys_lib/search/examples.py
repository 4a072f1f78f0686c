"""What notebook 03 shows: what the encoder reads, and what a search finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from recsys_lib.display.plotting import COLORS, Plot, figure
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.retriever import MODES, ProductSearch

_SHOWN_LETTERS = 400


def text_examples(encoder: TextEncoder, texts: Sequence[str], n: int) -> pl.DataFrame:
    """``n`` of the texts, spread over all that are not empty: their tokens, and how they begin."""
    spread = _spread([text for text in texts if text], n)
    shown = pl.Series([text[:_SHOWN_LETTERS] for text in spread], dtype=pl.String)
    return pl.DataFrame({"tokens": encoder.token_counts(spread), "text": shown})


def token_lengths(counts: np.ndarray, max_tokens: int) -> Plot:
    """Histogram of tokens per text, shape (n,), with the cut at ``max_tokens``.

    The longest hundredth is drawn at the right edge, so that a few giants do not squeeze the rest.
    """
    longest = int(np.quantile(counts, 0.99)) if len(counts) else 0
    right = max(longest, max_tokens) + 1
    cut = float((counts > max_tokens).mean()) if len(counts) else 0.0
    plot, axes = figure("How long the texts are", xlabel="tokens", ylabel="products")
    width = -(-right // 60)  # whole tokens, or the bars would alternate between high and low
    edges = list(range(0, right + width + 1, width))
    axes.hist(np.minimum(counts, right), bins=edges, color=COLORS[0])
    axes.margins(y=0.18)  # room for the note above the bars
    axes.axvline(max_tokens, color=COLORS[1], linewidth=2)
    axes.annotate(
        f"cut at {max_tokens}: {cut:.0%} of the texts are longer",
        (max_tokens, 1.0),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        xytext=(-6, -12) if max_tokens > right / 2 else (6, -12),
        ha="right" if max_tokens > right / 2 else "left",
        color=COLORS[1],
    )
    return plot


def search_examples(search: ProductSearch, queries: Sequence[str], k: int) -> pl.DataFrame:
    """Names of the best k products for each query: query, rank, and a column for each mode.

    The query is named in its first row only.
    """
    tables = [_table(search, query, k) for query in queries]
    return pl.concat(tables) if tables else pl.DataFrame()


def similar_examples(search: ProductSearch, row: int, k: int) -> pl.DataFrame:
    """The product at ``row`` (rank 0), then the k nearest to it by text."""
    rows, scores = search.similar(row, k)
    rows, scores = np.append(row, rows), np.append(1.0, scores)
    return pl.DataFrame(
        {
            "rank": np.arange(len(rows)),
            "title": search.names[rows],
            "score": scores.astype(np.float64),
        }
    )


def example_queries(search: ProductSearch, n: int, words: int = 4) -> list[str]:
    """The first words of ``n`` titles spread over the catalogue: queries that suit any data.

    Without any title, the first words of texts.
    """
    titles = search.display["title"].drop_nulls()
    titles = titles.filter(titles.str.strip_chars() != "")
    spread = _spread(titles.to_list() or search.texts.to_list(), n)
    starts = (" ".join(title.split()[:words]).rstrip(" -,.:;(") for title in spread)
    return list(dict.fromkeys(start for start in starts if start))


def example_typos(search: ProductSearch) -> list[str]:
    """A product's id in lower case, and a long word of its title with two letters swapped."""
    row = len(search) // 2
    title = search.display["title"].fill_null("")[row]
    longest = max(title.split(), key=lambda word: len(word) * word.isalpha(), default="")
    typo = longest[:2] + longest[3:4] + longest[2:3] + longest[4:]
    return [query for query in (search.display["id"][row].lower(), typo.lower()) if query.strip()]


def _table(search: ProductSearch, query: str, k: int) -> pl.DataFrame:
    found = {mode: search.names[search.search(query, k, mode=mode)[0]] for mode in MODES}
    most = max(len(names) for names in found.values())
    columns = {
        mode: names.extend_constant(None, most - len(names)) for mode, names in found.items()
    }
    table = pl.DataFrame(columns).with_row_index("rank", offset=1)
    first = pl.when(pl.col("rank") == 1).then(pl.lit(query)).otherwise(pl.lit("")).alias("query")
    return table.select(first, pl.all())


def _spread(texts: Sequence[str], n: int) -> list[str]:
    """At most ``n`` of the texts, at equal distances, without the first and the last."""
    if not texts:
        return []
    rows = np.linspace(0, len(texts) - 1, n + 2, dtype=int)[1:-1]
    return [texts[row] for row in np.unique(rows)]
