"""The best semantic weight of hybrid search: chosen on half the queries, measured on the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.display.plotting import COLORS, Plot, figure
from recsys_lib.search._weight import WEIGHTS
from recsys_lib.search.qrels import Qrels
from recsys_lib.search.quality.evaluate import DEPTH, MAIN, METRICS
from recsys_lib.search.retriever import ProductSearch


@dataclass(frozen=True)
class WeightChoice:
    """nDCG@10 of hybrid search by the semantic weight.

    Parameters
    ----------
    used: the weight that the index was built with.
    first: bool, shape (queries,): which are in the first half.
    values: nDCG@10, shape (weights, queries); NaN for queries that no product answers.
    """

    used: float
    first: np.ndarray
    values: np.ndarray

    def table(self) -> pl.DataFrame:
        """The best weight of each half, and what it achieves on this half and on the other."""
        rows = []
        halves = {"first half": self.first, "second half": ~self.first}
        for name, half in halves.items():
            chosen = int(np.argmax(np.nanmean(self.values[:, half], axis=1)))
            rows.append(
                {
                    "chosen on": name,
                    "weight": WEIGHTS[chosen],
                    "nDCG@10 there": float(np.nanmean(self.values[chosen, half])),
                    "on the other half": float(np.nanmean(self.values[chosen, ~half])),
                }
            )
        return pl.DataFrame(rows)

    def plot(self) -> Plot:
        """nDCG@10 against the weight, for each half."""
        plot, axes = figure(
            "How much meaning should count",
            xlabel="semantic_weight: 0 is lexical search, 1 is semantic search",
            ylabel="nDCG@10",
        )
        for name, half, color in (
            ("first half of the queries", self.first, COLORS[0]),
            ("second half", ~self.first, COLORS[1]),
        ):
            means = np.nanmean(self.values[:, half], axis=1)
            axes.plot(WEIGHTS, means, marker="o", color=color, label=name)
        axes.axvline(self.used, color=COLORS[5], linestyle=":", label="used")
        axes.legend(frameon=False, fontsize=9)
        return plot


def weight_choice(search: ProductSearch, qrels: Qrels, *, seed: int) -> WeightChoice | None:
    """Measure hybrid search with each weight, on two random halves of the queries.

    None when a half has no query that a product answers.
    """
    order = np.random.default_rng(seed).permutation(len(qrels.queries))
    first = np.isin(np.arange(len(order)), order[: len(order) // 2])
    answerable = np.array([max(grades.values()) > 0 for grades in qrels.grades])
    if not (answerable & first).any() or not (answerable & ~first).any():
        return None
    ndcg = METRICS[MAIN]
    values = np.array(
        [
            [
                ndcg(search.search(query, DEPTH, semantic_weight=weight)[0], grades)
                for query, grades in zip(qrels.queries, qrels.grades, strict=True)
            ]
            for weight in WEIGHTS
        ]
    )
    return WeightChoice(search.semantic_weight, first, values)
