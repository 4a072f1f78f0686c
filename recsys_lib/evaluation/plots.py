"""Plots of how the models compare."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from recsys_lib.display.plotting import COLORS, Plot, figure, style
from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.evaluation.segments import segments

_LABELS = {"recall": "Recall@k", "ndcg": "nDCG@k"}
_FAINT = "#c3c9d2"
_CHARACTER = 1.6  # width of a letter, in % of the x axis
_NAMED = 5
"""Only this many of the best models get a colour; more could not be told apart."""


def accuracy_curves(evaluation: Evaluation) -> Plot:
    """Recall and nDCG against the length of the list, with 95 % intervals."""
    plot = Plot(figsize=(9.5, 3.8), dpi=110, layout="constrained")
    for axes, metric in zip(plot.subplots(1, 2), _LABELS, strict=True):
        _curves(axes, evaluation, metric)
        style(axes, _LABELS[metric], xlabel="k, length of the list", ylabel="mean over users")
        axes.set_ylim(bottom=0)
    handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    ranked = evaluation.ranked_models("ndcg", int(max(evaluation.results["k"])))
    place = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}
    axes.legend([handles[m] for m in ranked], ranked, frameon=False, fontsize=8, **place)
    return plot


def over_time(table: pl.DataFrame) -> Plot:
    """nDCG of the served model and of baselines after each time of a back-test."""
    metric = next(name for name in table.columns if name.startswith("ndcg"))
    plot, axes = figure(
        "Trained before, tested after each time", xlabel="test from", ylabel=metric, size=(7.5, 3.8)
    )
    for color, (model,) in zip(cycle(COLORS), _models_in_order(table), strict=False):
        rows = table.filter(model=model)
        days = rows["from"].to_list()
        axes.plot(days, rows[metric], color=color, marker="o", label=model)
        axes.fill_between(days, rows["low"], rows["high"], color=color, alpha=0.15, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8.5)
    return plot


def _models_in_order(table: pl.DataFrame) -> list[tuple[str, ...]]:
    return table.select("model").unique(maintain_order=True).rows()


def accuracy_against_coverage(evaluation: Evaluation, k: int) -> Plot:
    """nDCG against the share of items that are recommended to at least one user."""
    plot, axes = figure(
        f"Accuracy against coverage, k = {k}",
        xlabel="items recommended to at least one user, %",
        ylabel="nDCG",
        size=(7.5, 4.2),
    )
    points = {
        model: (100 * evaluation.value(model, "coverage", k), evaluation.value(model, "ndcg", k))
        for model in evaluation.models
    }
    for model, color in _colors(evaluation).items():
        axes.scatter(*points[model], color=color, s=50)
    highest = max(y for _, y in points.values()) or 1.0
    for model, (x, y, side) in _apart(points, height=0.05 * highest).items():
        line = {"arrowstyle": "-", "color": _FAINT}
        named: dict[str, Any] = {"fontsize": 8.5, "va": "center", "ha": side, "arrowprops": line}
        axes.annotate(model, points[model], (x, y), **named)
    axes.set_xlim(-3, 125)
    axes.set_xticks(range(0, 101, 20))
    # From 0 on: names keep a distance in shares of the highest value, however close models are.
    axes.set_ylim(-0.1 * highest, 1.2 * highest)
    return plot


def segment_map(evaluation: Evaluation, k: int) -> Plot:
    """Recall of every model in every group; the best of a group is bold."""
    table = segments(evaluation, k)
    models = evaluation.ranked_models("ndcg", k)
    wide = table.pivot("model", index=["by", "group", "held_out"], values="recall")
    values = wide.select(models).to_numpy()
    size = (9.5, 1.5 + 0.32 * len(values))
    plot, axes = figure(f"Recall@{k} by group; darker is better within a row", size=size)
    best = np.maximum(values.max(axis=1, keepdims=True), np.finfo(float).tiny)
    axes.imshow(values / best, "Blues", vmin=0, vmax=1.25, aspect="auto")
    for row, column in np.ndindex(values.shape):
        value, top = values[row, column], best[row, 0]
        weight = "bold" if value == top else "normal"
        color = "white" if value > 0.7 * top else "black"
        cell: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "color": color}
        axes.text(column, row, f"{value:.3f}", fontweight=weight, **cell)
    axes.set_xticks(range(len(models)), models, rotation=30, ha="right")
    rows = wide.select("by", "group", "held_out").rows()
    axes.set_yticks(range(len(rows)), [f"{by} {group} ({n:,})" for by, group, n in rows])
    axes.grid(False)
    return plot


def _curves(axes: Axes, evaluation: Evaluation, metric: str) -> None:
    for model, color in _colors(evaluation).items():
        rows = evaluation.results.filter(model=model, metric=metric).sort("k")
        k, value, low, high = (rows[c].to_numpy() for c in ("k", "value", "low", "high"))
        spread = np.array([value - low, high - value])
        axes.errorbar(k, value, yerr=spread, color=color, marker="o", ms=4, capsize=3, label=model)
        axes.set_xticks(k)


def _colors(evaluation: Evaluation) -> dict[str, str]:
    """Colours for the served and the best models; grey for the others, which are drawn first."""
    ranked = evaluation.ranked_models("ndcg", int(max(evaluation.results["k"])))
    named = list(dict.fromkeys([evaluation.served, *ranked]))[:_NAMED]
    faint = dict.fromkeys((model for model in ranked[::-1] if model not in named), _FAINT)
    return faint | dict(zip(named, cycle(COLORS), strict=False))


def _apart(
    points: dict[str, tuple[float, float]], height: float
) -> dict[str, tuple[float, float, str]]:
    """Where each name goes: x, y, and which end of it lies there.

    It is right or left of its point, and as near to its height as possible without covering another
    name or point.
    """
    taken = [(x - 1, x + 1, y) for x, y in points.values()]
    labels: dict[str, tuple[float, float, str]] = {}
    for name, (x, y) in sorted(points.items(), key=lambda point: -point[1][1]):
        width = _CHARACTER * len(name)
        for step, side in _offsets():
            at, start = y + step * height / 2, x + 3 if side == "left" else x - 3 - width
            free = all(
                start + width < left or start > right or abs(at - other) >= height
                for left, right, other in taken
            )
            if free and start > 0:
                taken.append((start, start + width, at))
                labels[name] = (start if side == "left" else start + width, at, side)
                break
    return labels


def _offsets() -> Iterator[tuple[int, str]]:
    """Steps up and down, ever farther, each with the name right and left of the point."""
    for n in count():
        step = (n + 1) // 2 if n % 2 else -n // 2
        yield step, "left"
        yield step, "right"
