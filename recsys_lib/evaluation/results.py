"""The table of results: every metric of every model at every length of the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.evaluation import beyond, metrics
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.significance import bootstrap_interval

_SCHEMA = {
    "model": pl.String,
    "metric": pl.String,
    "k": pl.Int64,
    **dict.fromkeys(("value", "low", "high", "ci95"), pl.Float64),
}

Row = tuple[str, str, int, float, float | None, float | None, float | None]


def measure(
    lists: Mapping[str, np.ndarray],
    split: TrainTest,
    k_values: Sequence[int],
    embeddings: np.ndarray | None,
    *,
    seed: int,
) -> pl.DataFrame:
    """Measure each model's ``lists``, int32 of shape (test users, longest k), best first.

    Columns: model, metric, k, value, low, high, ci95; the last three are null without an interval.
    """
    rows = [
        *_accuracy(lists, split, k_values, seed),
        *_all_beyond(lists, split, k_values, embeddings),
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _accuracy(
    lists: Mapping[str, np.ndarray], split: TrainTest, k_values: Sequence[int], seed: int
) -> Iterator[Row]:
    """Means over users with intervals; all models are resampled together."""
    relevant: sparse.csr_matrix = split.test.relevant
    n_relevant = np.diff(relevant.indptr)
    names, columns = [], []
    for model, ranked in lists.items():
        hits = metrics.hits(ranked, relevant)
        for metric, k in product(metrics.ACCURACY, k_values):
            names.append((model, metric, k))
            columns.append(metrics.ACCURACY[metric](hits[:, :k], n_relevant))
    values = np.column_stack(columns)
    low, high = bootstrap_interval(values, seed=seed)
    for name, mean, a, b in zip(names, values.mean(axis=0), low, high, strict=True):
        yield *name, float(mean), float(a), float(b), float((b - a) / 2)


def _all_beyond(
    lists: Mapping[str, np.ndarray],
    split: TrainTest,
    k_values: Sequence[int],
    embeddings: np.ndarray | None,
) -> Iterator[Row]:
    """These are no means over users, and so have no interval."""
    for (model, ranked), k in product(lists.items(), k_values):
        for metric, value in _beyond(ranked[:, :k], split, embeddings).items():
            yield model, metric, k, value, None, None, None


def _beyond(lists: np.ndarray, split: TrainTest, embeddings: np.ndarray | None) -> dict[str, float]:
    n_items, n_users = len(split.train.items), len(split.train.users)
    values = {
        "coverage": beyond.coverage(lists, n_items),
        "novelty": beyond.novelty(lists, split.item_popularity, n_users),
        "popularity": beyond.average_popularity(lists, split.item_popularity),
        "gini": beyond.gini(lists, n_items),
    }
    return (
        values
        if embeddings is None
        else {**values, "diversity": beyond.diversity(lists, embeddings)}
    )
