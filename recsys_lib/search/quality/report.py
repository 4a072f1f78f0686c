"""The whole evaluation of a search part, as the notebook shows it and the version stores it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.data.summary import read_summary
from recsys_lib.display.plotting import Plot
from recsys_lib.files import read_json, write_json
from recsys_lib.parameters import EvaluateParameters
from recsys_lib.paths import EMBEDDING_CACHE_FILE, Dataset
from recsys_lib.registry.parts import SEARCH_PART, has_part
from recsys_lib.search.qrels import read_qrels
from recsys_lib.search.quality.evaluate import (
    MAIN,
    K,
    SearchQuality,
    measure_search,
    modes_of,
    title_baselines,
)
from recsys_lib.search.quality.known_items import known_items
from recsys_lib.search.quality.weights import WeightChoice, weight_choice
from recsys_lib.search.retriever import ProductSearch

METRICS_FILE = "metrics.json"
_NO_PRODUCTS = "the dataset has no products, so there is nothing to search"
_NO_WORDS = (
    "no title and no review has a word to look for: give judged queries (evaluate.judgments) to "
    "measure the search"
)
_SHORT = 50
_SHOWN = 2


@dataclass(frozen=True)
class SearchReport:
    """What was measured.

    Parameters
    ----------
    search: what was measured; None when the version has no search part.
    measured: one quality for each set of queries.
    weights: the best semantic weight; None without judged queries.
    """

    search: ProductSearch | None = None
    measured: tuple[SearchQuality, ...] = ()
    weights: WeightChoice | None = None

    def facts(self) -> pl.DataFrame | dict[str, str]:
        """The queries: a row for each set."""
        if not self.measured:
            return {"search": _NO_PRODUCTS if self.search is None else _NO_WORDS}
        return pl.DataFrame([quality.qrels.facts() for quality in self.measured])

    def results(self) -> pl.DataFrame:
        """A row for each set of queries and each way to search."""
        tables = [
            quality.table().select(pl.lit(quality.qrels.name).alias("query set"), pl.all())
            for quality in self.measured
        ]
        return pl.concat(tables) if tables else pl.DataFrame()

    def best_and_worst(self, n: int) -> pl.DataFrame:
        """The n worst and n best queries of the first set, in the default mode.

        Columns: query, ndcg@10, top (what came first) and missing (answers that were not found).
        """
        if self.search is None or not self.measured:
            return pl.DataFrame()
        return best_and_worst(self.measured[0], self.search.parameters.mode, self.search.names, n)

    def halves(self) -> pl.DataFrame:
        """The best semantic weight by each half of the judged queries, and what it achieves."""
        return self.weights.table() if self.weights else pl.DataFrame()

    def weight_plot(self) -> Plot | None:
        """nDCG@10 by the semantic weight; None without judged queries."""
        return self.weights.plot() if self.weights else None

    def metrics(self) -> dict[str, float]:
        """Flat names; those of known items begin with ``search.known_``."""
        if self.search is None:
            return {}
        kinds = [quality.metrics(self.search.parameters.mode) for quality in self.measured]
        return {name: value for kind in kinds for name, value in kind.items()}

    def save(self, folder: Path) -> None:
        """Add the metrics to those already in ``folder``, and a table of all queries."""
        path = folder / METRICS_FILE
        stored = read_json(path) if path.is_file() else {"metrics": {}}
        write_json(path, stored | {"metrics": stored["metrics"] | self.metrics()})
        if self.measured:
            tables = [quality.per_query() for quality in self.measured]
            pl.concat(tables).write_parquet(folder / "search_queries.parquet")


def evaluate_search(dataset: Dataset, version: str, parameters: EvaluateParameters) -> SearchReport:
    """Measure the search part of a version.

    With judged queries each mode is compared with search by titles alone. Without, each mode
    looks for known items: products by words of their own titles and reviews.

    Parameters
    ----------
    dataset
        Where the products come from.
    version
        Name of the version; without a search part the report is empty.
    parameters
        ``judgments`` and ``judgment_columns``, or ``search_queries``; ``seed`` of draws and
        intervals.

    Returns
    -------
    The report, to show and to save.

    Raises
    ------
    InputDataError
        When the judged queries cannot be used.

    Examples
    --------
    >>> report = evaluate_search(dataset, "v1", EvaluateParameters())  # doctest: +SKIP
    >>> report.metrics()["search.known_titles.ndcg@10"]  # doctest: +SKIP
    0.754
    """
    if not has_part(dataset.version(version), SEARCH_PART):
        return SearchReport()
    search = ProductSearch.load(dataset.version(version) / SEARCH_PART)
    n, seed = parameters.search_queries, parameters.seed
    if not parameters.judgments:
        kinds = known_items(search, read_summary(dataset.processed), n, seed=seed)
        measured = (measure_search(modes_of(search), kind, seed=seed) for kind in kinds)
        return SearchReport(search, tuple(measured))
    path = dataset.raw / parameters.judgments
    qrels = read_qrels(path, parameters.judgment_columns, search.items)
    rankers = modes_of(search) | title_baselines(search, dataset.processed / EMBEDDING_CACHE_FILE)
    quality = measure_search(rankers, qrels, seed=seed)
    return SearchReport(search, (quality,), weight_choice(search, qrels, seed=seed))


def best_and_worst(quality: SearchQuality, ranker: str, names: pl.Series, n: int) -> pl.DataFrame:
    """The n worst and n best queries; ``names`` has one for each product, in row order."""
    values = quality.values[ranker][MAIN]
    answerable = np.flatnonzero(~np.isnan(values))
    order = answerable[np.argsort(values[answerable], kind="stable")]
    shown = order if len(order) <= 2 * n else np.concatenate([order[:n], order[-n:]])
    return pl.DataFrame([_query(quality, ranker, names, int(number)) for number in shown])


def _query(quality: SearchQuality, ranker: str, names: pl.Series, number: int) -> dict:
    rows = quality.lists[ranker][number][:K]
    grades = quality.qrels.grades[number]
    by_grade = sorted(grades.items(), key=lambda pair: -pair[1])
    missing = [row for row, grade in by_grade if grade > 0 and row not in rows]
    return {
        "query": quality.qrels.queries[number],
        MAIN: float(quality.values[ranker][MAIN][number]),
        "top": _listed(names, rows[:_SHOWN]),
        "missing": _listed(names, missing[:_SHOWN]) if missing else "nothing",
    }


def _listed(names: pl.Series, rows: Iterable[int]) -> str:
    shown = (names[int(row)] if row >= 0 else "not in the index" for row in rows)
    return " · ".join(n if len(n) <= _SHORT else f"{n[: _SHORT - 1]}…" for n in shown)
