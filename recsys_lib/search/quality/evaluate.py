"""Several ways to search, measured on the same queries, with intervals.

A measure compares a ranked list of rows with the grades of one query; it is NaN when no product
answers the query, since there is nothing to find.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.ranking import best_first
from recsys_lib.search._lexical import LexicalIndex
from recsys_lib.search._words import Tokenizer
from recsys_lib.search.qrels import Qrels, ndcg
from recsys_lib.search.retriever import MODES, Mode, ProductSearch
from recsys_lib.significance import half_width

K = 10
DEPTH = 100
MAIN = f"ndcg@{K}"
Ranker = Callable[[str, int], np.ndarray]
"""Rows of the best products for a query, best first; the number is their maximum."""


def recall(rows: np.ndarray, grades: Mapping[int, float], k: int) -> float:
    """Share of the products that answer the query (grade above 0) among the first k."""
    relevant = [row for row, grade in grades.items() if grade > 0]
    return float(np.isin(relevant, rows[:k]).mean()) if relevant else float("nan")


def reciprocal_rank(rows: np.ndarray, grades: Mapping[int, float], k: int) -> float:
    """1 / rank of the first product that answers the query, 0 when it is not among the first k.

    Its mean over queries is MRR.
    """
    relevant = [row for row, grade in grades.items() if grade > 0]
    if not relevant:
        return float("nan")
    hits = np.flatnonzero(np.isin(rows[:k], relevant))
    return 1.0 / (hits[0] + 1) if len(hits) else 0.0


METRICS: dict[str, Callable[[np.ndarray, Mapping[int, float]], float]] = {
    MAIN: partial(ndcg, k=K),
    f"recall@{DEPTH}": partial(recall, k=DEPTH),
    "mrr": partial(reciprocal_rank, k=DEPTH),
}
"""Every measure by its name in tables and records."""


@dataclass(frozen=True)
class SearchQuality:
    """What each way to search achieved.

    Parameters
    ----------
    qrels: the queries and their grades.
    lists: for each ranker and query the rows it found, best first, at most ``DEPTH``.
    values: for each ranker and metric one value per query, NaN when no product answers it.
    seconds: for each ranker the mean time of a query.
    seed: of the resampling for intervals.
    """

    qrels: Qrels
    lists: dict[str, list[np.ndarray]]
    values: dict[str, dict[str, np.ndarray]]
    seconds: dict[str, float]
    seed: int

    def mean(self, ranker: str, metric: str = MAIN) -> float:
        """Mean over the queries that some product answers."""
        return float(np.nanmean(self.values[ranker][metric]))

    def ci95(self, ranker: str, metric: str = MAIN) -> float:
        """Half the width of the 95 % bootstrap interval of that mean."""
        return half_width(self.values[ranker][metric], seed=self.seed)

    def table(self) -> pl.DataFrame:
        """A row per ranker: its metrics with intervals, and milliseconds per query."""
        rows = []
        for ranker, seconds in self.seconds.items():
            cells = {
                metric: f"{self.mean(ranker, metric):.3f} ± {self.ci95(ranker, metric):.3f}"
                for metric in METRICS
            }
            rows.append({"search": ranker, **cells, "ms per query": 1000 * seconds})
        return pl.DataFrame(rows)

    def per_query(self) -> pl.DataFrame:
        """A row per ranker and query: query set, search, query, and its metrics."""
        return pl.concat(
            pl.DataFrame(
                {
                    "query set": self.qrels.name,
                    "search": ranker,
                    "query": self.qrels.queries,
                    **values,
                }
            )
            for ranker, values in self.values.items()
        )

    def metrics(self, default: str) -> dict[str, float]:
        """Flat names: ``search.ndcg@10`` of the default ranker, ``search.lexical.ndcg@10``.

        Each has its ``.ci95`` beside it.
        """
        flat: dict[str, float] = {}
        for ranker in self.values:
            way = "" if ranker == default else f"{ranker.replace(' ', '_')}."
            for metric in METRICS:
                name = f"search.{self.qrels.prefix}{way}{metric}"
                flat[name] = self.mean(ranker, metric)
                flat[f"{name}.ci95"] = self.ci95(ranker, metric)
        return flat


def measure_search(rankers: Mapping[str, Ranker], qrels: Qrels, *, seed: int) -> SearchQuality:
    """Send every query to every ranker and compare the answers with the grades."""
    lists, values, seconds = {}, {}, {}
    for name, ranker in rankers.items():
        ranker(qrels.queries[0], DEPTH)  # the first query loads models, which is not timed
        started = time.perf_counter()
        lists[name] = [ranker(query, DEPTH) for query in qrels.queries]
        seconds[name] = (time.perf_counter() - started) / len(qrels.queries)
        pairs = list(zip(lists[name], qrels.grades, strict=True))
        values[name] = {
            metric: np.array([measure(rows, grades) for rows, grades in pairs])
            for metric, measure in METRICS.items()
        }
    return SearchQuality(qrels, lists, values, seconds, seed)


def modes_of(search: ProductSearch) -> dict[str, Ranker]:
    """Each mode of a search part by its name."""
    return {mode: partial(_in_mode, search, mode) for mode in MODES}


def title_baselines(search: ProductSearch, cache: Path | None = None) -> dict[str, Ranker]:
    """The usual baselines: titles alone, by their vectors and by BM25.

    Titles are encoded here, except for those in the file ``cache``.
    """
    titles = search.display["title"].fill_null("").to_list()
    tokenizer = Tokenizer(search.language)
    words = LexicalIndex.from_texts({"title": titles}, {"title": 1}, tokenizer)
    encoder = search.encoder
    known = encoder.cache(cache) if cache else None
    shown = [title if title.strip() else "-" for title in titles]
    vectors = encoder.encode(shown, show_progress=True, cache=known)

    def by_vectors(query: str, k: int) -> np.ndarray:
        return best_first(vectors @ encoder.encode_query(query), k)

    def by_words(query: str, k: int) -> np.ndarray:
        return best_first(words.scores(query), k)

    return {"titles semantic": by_vectors, "titles lexical": by_words}


def _in_mode(search: ProductSearch, mode: Mode, query: str, k: int) -> np.ndarray:
    return search.search(query, k, mode=mode)[0]
