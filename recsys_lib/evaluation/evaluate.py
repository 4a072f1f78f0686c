"""Compare models on the same users, items and lists."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.errors import InputDataError
from recsys_lib.evaluation import metrics
from recsys_lib.evaluation.ranking import Scorer, top_k
from recsys_lib.evaluation.split import TrainTest
from recsys_lib.files import replacing_folder, write_json

PerUser = Callable[[np.ndarray, np.ndarray], np.ndarray]
_PER_USER: dict[str, PerUser] = {
    "recall": metrics.recall,
    "ndcg": metrics.ndcg,
    "map": metrics.average_precision,
}
_NORMAL_95 = 1.96


@dataclass(frozen=True)
class Evaluation:
    """What the models achieved.

    Parameters
    ----------
    split: what was held out.
    lists: for each model int32 of shape (test users, longest k), best first.
    results: one row for each model, metric and k: ``model, metric, k, value, ci95``; ci95 is
        half the width of the normal 95 % interval of the mean over users, null for coverage.
    seconds: for each model the time to score and rank all test users.
    """

    split: TrainTest
    lists: dict[str, np.ndarray]
    results: pl.DataFrame
    seconds: dict[str, float]

    def value(self, model: str, metric: str, k: int) -> float:
        """One number of the results."""
        rows = self.results.filter(model=model, metric=metric, k=k)
        return float(rows["value"].item())

    def metrics(self) -> dict[str, float]:
        """Flat names, such as ``als.recall@10``, and ``als.recall@10.ci95``."""
        flat: dict[str, float] = {"evaluate.users": len(self.split.test_users)}
        for row in self.results.iter_rows(named=True):
            name = f"{row['model']}.{row['metric']}@{row['k']}"
            flat[name] = row["value"]
            if row["ci95"] is not None:
                flat[f"{name}.ci95"] = row["ci95"]
        return flat

    def hits(self, model: str) -> np.ndarray:
        """bool, shape (test users, longest k): where the held-out item is in the list."""
        return np.asarray(self.lists[model] == self.split.test_items[:, None])

    def save(self, folder: Path) -> None:
        """Write metrics.json and results.parquet."""
        with replacing_folder(folder) as temporary:
            self.results.write_parquet(temporary / "results.parquet")
            write_json(temporary / "metrics.json", {"metrics": self.metrics()})


def evaluate(
    models: Mapping[str, Scorer], split: TrainTest, k_values: Sequence[int], *, seed: int
) -> Evaluation:
    """Rank every item for every test user, without the items of their training history.

    A k that is given twice counts once. Raises InputDataError when there is nobody to test.
    """
    if not len(split.test_users):
        raise InputDataError(
            "no user has two interactions, so nothing can be held out: "
            "leave the evaluation out with --steps etl,als,embed"
        )
    seen = split.train.user_items()
    relevant = held_out_matrix(split)
    lists, seconds, rows = {}, {}, []
    for name, model in models.items():
        started = time.perf_counter()
        lists[name] = top_k(model, split.test_users, seen, max(k_values), seed=seed)
        seconds[name] = time.perf_counter() - started
        rows += _rows(name, lists[name], relevant, sorted(set(k_values)))
    schema = {
        "model": pl.String,
        "metric": pl.String,
        "k": pl.Int64,
        "value": pl.Float64,
        "ci95": pl.Float64,
    }
    return Evaluation(split, lists, pl.DataFrame(rows, schema=schema, orient="row"), seconds)


def held_out_matrix(split: TrainTest) -> sparse.csr_matrix:
    """The held-out items, shape (test users, items), in the order of ``test_users``."""
    n = len(split.test_users)
    cells = (np.ones(n, dtype=np.float32), (np.arange(n), split.test_items))
    return sparse.csr_matrix(cells, shape=(n, len(split.train.items)))


def _rows(
    model: str, lists: np.ndarray, relevant: sparse.csr_matrix, k_values: Sequence[int]
) -> list[tuple[str, str, int, float, float | None]]:
    hits, n_relevant = metrics.hits(lists, relevant), np.diff(relevant.indptr)
    rows: list[tuple[str, str, int, float, float | None]] = []
    for k in k_values:
        for metric, per_user in _PER_USER.items():
            values = per_user(hits[:, :k], n_relevant)
            rows.append((model, metric, k, float(np.nanmean(values)), _half_width(values)))
        rows.append((model, "coverage", k, metrics.coverage(lists[:, :k], relevant.shape[1]), None))
    return rows


def _half_width(values: np.ndarray) -> float:
    n = np.count_nonzero(~np.isnan(values))
    return float(_NORMAL_95 * np.nanstd(values) / np.sqrt(n))
