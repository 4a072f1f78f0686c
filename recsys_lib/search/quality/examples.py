"""Single queries, to see what the averages mean."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_lib.search.quality.evaluate import MAIN, K, SearchQuality

_SHORT = 50
_SHOWN = 2


def best_and_worst(quality: SearchQuality, ranker: str, titles: pl.Series, n: int) -> pl.DataFrame:
    """The n worst and the n best queries: what came first, and what good answer was missing.

    ``titles`` has what to call each product, in row order. Columns: query, ndcg@10, top, missing.
    """
    values = quality.values[ranker][MAIN]
    answerable = np.flatnonzero(~np.isnan(values))
    order = answerable[np.argsort(values[answerable], kind="stable")]
    shown = order if len(order) <= 2 * n else np.concatenate([order[:n], order[-n:]])
    return pl.DataFrame([_query(quality, ranker, titles, int(number)) for number in shown])


def _query(quality: SearchQuality, ranker: str, titles: pl.Series, number: int) -> dict:
    rows = quality.lists[ranker][number][:K]
    grades = quality.judgments.grades[number]
    best_first = sorted(grades.items(), key=lambda pair: -pair[1])
    missing = [row for row, grade in best_first if grade > 0 and row not in rows]
    return {
        "query": quality.judgments.queries[number],
        MAIN: float(quality.values[ranker][MAIN][number]),
        "top": _names(titles, rows[:_SHOWN]),
        "missing": _names(titles, missing[:_SHOWN]) if missing else "nothing",
    }


def _names(titles: pl.Series, rows) -> str:  # type: ignore[no-untyped-def]
    names = (titles[int(row)] if row >= 0 else "not in the index" for row in rows)
    return " · ".join(n if len(n) <= _SHORT else f"{n[: _SHORT - 1]}…" for n in names)
