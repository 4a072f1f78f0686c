"""The evaluation of a search part in one go, as the notebook shows it and the manifest keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.data.summary import read_summary
from recsys_lib.display.plotting import Plot
from recsys_lib.files import read_json, write_json
from recsys_lib.parameters import EvaluateParameters
from recsys_lib.paths import EMBEDDING_CACHE_FILE, Dataset
from recsys_lib.registry.parts import SEARCH_PART, has_part
from recsys_lib.search.quality.evaluate import SearchQuality, measure_search
from recsys_lib.search.quality.examples import best_and_worst
from recsys_lib.search.quality.judgments import read_judgments
from recsys_lib.search.quality.known_items import known_items
from recsys_lib.search.quality.rankers import modes_of, title_baselines
from recsys_lib.search.quality.weights import WeightChoice, weight_choice
from recsys_lib.search.retriever import ProductSearch

METRICS_FILE = "metrics.json"


@dataclass(frozen=True)
class SearchReport:
    """What was measured.

    Parameters
    ----------
    search: what was asked; None when there is no search part.
    measured: one quality for each kind of queries.
    weights: how much meaning should count; None without judged queries.
    """

    search: ProductSearch | None = None
    measured: tuple[SearchQuality, ...] = ()
    weights: WeightChoice | None = None

    def facts(self) -> pl.DataFrame | dict[str, str]:
        """The queries: a row for each kind."""
        if not self.measured:
            return {"search": "the dataset has no products, so there is nothing to search"}
        return pl.DataFrame([quality.judgments.facts() for quality in self.measured])

    def results(self) -> pl.DataFrame:
        """A row for each kind of queries and each way to search."""
        tables = [
            quality.table().select(pl.lit(quality.judgments.name).alias("questions"), pl.all())
            for quality in self.measured
        ]
        return pl.concat(tables) if tables else pl.DataFrame()

    def best_and_worst(self, n: int) -> pl.DataFrame:
        """Worst and best queries of the first kind, in the mode that is the default."""
        if self.search is None:
            return pl.DataFrame()
        titles = self.search.display.select(pl.coalesce("title", "id")).to_series()
        return best_and_worst(self.measured[0], self.search.parameters.mode, titles, n)

    def halves(self) -> pl.DataFrame:
        """The best weight of meaning by each half of the judged queries, and how it does."""
        return self.weights.table() if self.weights else pl.DataFrame()

    def weight_plot(self) -> Plot | None:
        """nDCG@10 by the weight of meaning; None without judged queries."""
        return self.weights.plot() if self.weights else None

    def metrics(self) -> dict[str, float]:
        """Flat names; those of known items begin with ``search.known_``."""
        if self.search is None:
            return {}
        kinds = [quality.metrics(self.search.parameters.mode) for quality in self.measured]
        return {name: value for kind in kinds for name, value in kind.items()}

    def save(self, folder: Path) -> None:
        """Add the metrics to those that ``folder`` has already, and a table of all queries."""
        path = folder / METRICS_FILE
        stored = read_json(path) if path.is_file() else {"metrics": {}}
        write_json(path, stored | {"metrics": stored["metrics"] | self.metrics()})
        if self.measured:
            tables = [quality.per_query() for quality in self.measured]
            pl.concat(tables).write_parquet(folder / "search_queries.parquet")


def evaluate_search(dataset: Dataset, version: str, parameters: EvaluateParameters) -> SearchReport:
    """Measure the search part of a version.

    With ``parameters.judgments`` by judged queries, beside titles alone; without, by known items,
    ``parameters.search_queries`` of each kind. Raises InputDataError for judgments that cannot be
    used.
    """
    if not has_part(dataset.version(version), SEARCH_PART):
        return SearchReport()
    search = ProductSearch.load(dataset.version(version) / SEARCH_PART)
    if not parameters.judgments:
        kinds = known_items(
            search,
            read_summary(dataset.processed),
            parameters.search_queries,
            seed=parameters.seed,
        )
        measured = (measure_search(modes_of(search), kind, seed=parameters.seed) for kind in kinds)
        return SearchReport(search, tuple(measured))
    path = dataset.raw / parameters.judgments
    judgments = read_judgments(path, parameters.judgment_columns, search.items)
    rankers = modes_of(search) | title_baselines(search, dataset.processed / EMBEDDING_CACHE_FILE)
    quality = measure_search(rankers, judgments, seed=parameters.seed)
    return SearchReport(search, (quality,), weight_choice(search, judgments, seed=parameters.seed))
