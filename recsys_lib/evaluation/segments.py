"""Where each model is good: recall by groups of held-out interactions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.evaluation.train_test import TrainTest

HISTORY_LENGTHS = {
    "0": (0, 0),
    "1": (1, 1),
    "2": (2, 2),
    "3-4": (3, 4),
    "5-9": (5, 9),
    "10+": (10, np.inf),
}
"""Groups of users: the shortest and the longest history of each."""
_SHELVES = ("tail", "middle", "head")
_QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")

Group = tuple[str, str, np.ndarray]


def segments(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """Recall@k of each model in each group; empty groups are left out.

    Columns: by, group, held_out (interactions in the group), model, recall: the share of them
    that is found. Grouped by

    - history: training interactions of the user,
    - item: head, middle and tail have a third of the training interactions each, the most popular
      items first; cold items have none,
    - time of the held-out interaction, unless most are equal.
    """
    found = {model: evaluation.found(model, k) for model in evaluation.models}
    rows = [
        (by, name, int(members.sum()), model, float(found[model][members].mean()))
        for by, name, members in _groups(evaluation.split)
        if members.any()
        for model in evaluation.models
    ]
    return pl.DataFrame(rows, schema=["by", "group", "held_out", "model", "recall"], orient="row")


def winners(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """One row per group: the model that finds most, its recall, and that of the served model.

    Columns: by, group, held_out, best, recall, served.
    """
    table, group = segments(evaluation, k), ["by", "group"]
    # Of several equal ones the served model is named.
    own = pl.col("model") == evaluation.served
    ordered = table.sort(["recall", own], descending=True, maintain_order=True)
    best = ordered.group_by(group, maintain_order=True).first()
    served = table.filter(own).select(*group, "held_out", served="recall")
    joined = served.join(best.drop("held_out"), on=group, maintain_order="left")
    return joined.select(*group, "held_out", pl.col("model").alias("best"), "recall", "served")


def _groups(split: TrainTest) -> Iterator[Group]:
    held_out = split.test.interactions
    length = split.history_length[split.test.row]
    for name, (low, high) in HISTORY_LENGTHS.items():
        yield "history", name, (length >= low) & (length <= high)
    shelf = item_shelves(split.item_popularity)[held_out.item]
    for number, name in reversed(list(enumerate(_SHELVES))):
        yield "item", name, shelf == number
    yield "item", "cold", shelf < 0
    time = held_out.timestamp
    edges = np.quantile(time, (0.25, 0.5, 0.75))
    if len(np.unique(edges)) == len(edges):
        quarter = np.searchsorted(edges, time)
        for number, name in enumerate(_QUARTERS):
            yield "time", name, quarter == number


def item_shelves(popularity: np.ndarray) -> np.ndarray:
    """2 for items of the head, 1 for the middle, 0 for the tail, -1 for cold ones; shape (items,).

    Each of the three has a third of all interactions, the most popular items first.
    """
    order = np.argsort(-popularity, kind="stable")
    before = np.cumsum(popularity[order]) - popularity[order]
    shelves = np.empty(len(popularity), dtype=np.int64)
    shelves[order] = 2 - (3 * before // max(int(popularity.sum()), 1))
    return np.where(popularity > 0, shelves, -1)
