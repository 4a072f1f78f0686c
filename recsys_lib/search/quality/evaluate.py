"""Every way to search, on the same queries, with intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl

from recsys_lib.search.quality import measures
from recsys_lib.search.quality.judgments import Judgments
from recsys_lib.significance import bootstrap_interval

K = 10
DEPTH = 100
METRICS = {
    f"ndcg@{K}": partial(measures.ndcg, k=K),
    f"recall@{DEPTH}": partial(measures.recall, k=DEPTH),
    "mrr": partial(measures.reciprocal_rank, k=DEPTH),
}
MAIN = f"ndcg@{K}"
Ranker = Callable[[str, int], np.ndarray]
"""Rows of the best products for a query, best first, at most so many."""


@dataclass(frozen=True)
class SearchQuality:
    """What each way to search achieved.

    Parameters
    ----------
    judgments: the queries.
    lists: for each ranker and query the rows it found, best first, at most ``DEPTH``.
    values: for each ranker and metric one value per query, NaN for one that no product answers.
    seconds: for each ranker the mean time of a query.
    seed: of the resampling for intervals.
    """

    judgments: Judgments
    lists: dict[str, list[np.ndarray]]
    values: dict[str, dict[str, np.ndarray]]
    seconds: dict[str, float]
    seed: int

    def mean(self, ranker: str, metric: str = MAIN) -> float:
        """Mean over the queries that some product answers."""
        return float(np.nanmean(self.values[ranker][metric]))

    def ci95(self, ranker: str, metric: str = MAIN) -> float:
        """Half the width of the 95 % bootstrap interval of that mean."""
        values = self.values[ranker][metric]
        low, high = bootstrap_interval(values[~np.isnan(values)][:, None], seed=self.seed)
        return float(high[0] - low[0]) / 2

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
        """A row per ranker and query: questions, search, query, and its metrics."""
        return pl.concat(
            pl.DataFrame(
                {
                    "questions": self.judgments.name,
                    "search": ranker,
                    "query": self.judgments.queries,
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
                name = f"search.{self.judgments.prefix}{way}{metric}"
                flat[name] = self.mean(ranker, metric)
                flat[f"{name}.ci95"] = self.ci95(ranker, metric)
        return flat


def measure_search(
    rankers: Mapping[str, Ranker], judgments: Judgments, *, seed: int
) -> SearchQuality:
    """Ask every query in every way and compare with the judgments."""
    lists, values, seconds = {}, {}, {}
    for name, ranker in rankers.items():
        ranker(judgments.queries[0], DEPTH)  # the first question loads models
        started = time.perf_counter()
        lists[name] = [ranker(query, DEPTH) for query in judgments.queries]
        seconds[name] = (time.perf_counter() - started) / len(judgments.queries)
        pairs = list(zip(lists[name], judgments.grades, strict=True))
        values[name] = {
            metric: np.array([measure(rows, grades) for rows, grades in pairs])
            for metric, measure in METRICS.items()
        }
    return SearchQuality(judgments, lists, values, seconds, seed)
