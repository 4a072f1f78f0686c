"""How the models compare, as pictures."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.plotting import COLORS, Plot, figure, style

_SEGMENTS = ((1, 1, "1"), (2, 2, "2"), (3, 4, "3-4"), (5, 9, "5-9"), (10, None, "10+"))


def accuracy_curves(evaluation: Evaluation) -> Plot:
    """Recall and nDCG against the length of the list, with 95 % intervals."""
    plot = Plot(figsize=(9.5, 3.6), dpi=110, layout="constrained")
    for axes, metric in zip(plot.subplots(1, 2), ("recall", "ndcg"), strict=True):
        _curves(axes, evaluation, metric)
        label = {"recall": "Recall@k", "ndcg": "nDCG@k"}[metric]
        style(axes, label, xlabel="k, length of the list", ylabel="mean over users")
        axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=9)
    return plot


def accuracy_against_coverage(evaluation: Evaluation, k: int) -> Plot:
    """nDCG against the share of items that are recommended to anybody."""
    plot, axes = figure(
        f"Accuracy against coverage, k = {k}",
        xlabel="items that are recommended to somebody, %",
        ylabel="nDCG",
        size=(5.5, 3.6),
    )
    for color, model in zip(cycle(COLORS), evaluation.lists, strict=False):
        x, y = (evaluation.value(model, metric, k) for metric in ("coverage", "ndcg"))
        axes.scatter(100 * x, y, color=color, s=60)
        axes.annotate(model, (100 * x, y), textcoords="offset points", xytext=(0, 8), ha="center")
    axes.margins(0.15, 0.2)
    return plot


def recall_by_history(evaluation: Evaluation, k: int) -> Plot:
    """Recall for users with short and long histories; the number of users is under each group."""
    table = history_segments(evaluation, k)
    segments = table["history"].unique(maintain_order=True)
    users = table.unique("history", maintain_order=True)["users"]
    plot, axes = figure(
        f"Recall@{k} by length of the history", xlabel="ratings in training", ylabel=f"recall@{k}"
    )
    width = 0.8 / len(evaluation.lists)
    for i, (color, model) in enumerate(zip(cycle(COLORS), evaluation.lists, strict=False)):
        values = table.filter(model=model)["recall"].to_numpy()
        axes.bar(np.arange(len(segments)) + i * width, values, width, color=color, label=model)
    labels = [f"{s}\n{n:,} users" for s, n in zip(segments, users, strict=True)]
    axes.set_xticks(np.arange(len(segments)) + 0.4 - width / 2, labels)
    axes.grid(False, axis="x")
    axes.margins(y=0.2)
    axes.legend(frameon=False, fontsize=9, ncols=len(evaluation.lists), loc="upper right")
    return plot


def history_segments(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """Recall@k of each model for users by number of training interactions; empty groups left out.

    Columns: model, history, users, recall.
    """
    train = evaluation.split.train
    length = np.bincount(train.user, minlength=len(train.users))[evaluation.split.test_users]
    rows = []
    for model in evaluation.lists:
        found = np.asarray(evaluation.hits(model)[:, :k].any(axis=1))
        for low, high, name in _SEGMENTS:
            group = (length >= low) & (length <= (high or np.inf))
            if group.any():
                rows.append((model, name, int(group.sum()), float(found[group].mean())))
    return pl.DataFrame(rows, schema=["model", "history", "users", "recall"], orient="row")


def _curves(axes: Axes, evaluation: Evaluation, metric: str) -> None:
    for color, model in zip(cycle(COLORS), evaluation.lists, strict=False):
        rows = evaluation.results.filter(model=model, metric=metric).sort("k")
        k, value, ci95 = (rows[c].to_numpy() for c in ("k", "value", "ci95"))
        axes.errorbar(k, value, yerr=ci95, color=color, marker="o", capsize=3, label=model)
        axes.set_xticks(k)
