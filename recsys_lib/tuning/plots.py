"""Plots of a search for parameters."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from recsys_lib.display.plotting import COLORS, Plot, figure, style
from recsys_lib.tuning.space import TUNED
from recsys_lib.tuning.study import Study
from recsys_lib.tuning.validation import K

_LOGARITHMIC = ("regularization", "alpha")
_RECALL = f"recall@{K}"


def history(study: Study) -> Plot:
    """Recall of each trial and the best so far; trials stopped early are at the bottom."""
    plot, axes = figure("Trials", xlabel="trial", ylabel=_RECALL)
    trials = study.trials()
    done = trials.drop_nulls("recall")
    axes.plot(done["trial"], done["recall"], "o", color=COLORS[0], markersize=4, label="complete")
    axes.step(
        done["trial"], done["recall"].cum_max(), where="post", color=COLORS[1], label="best so far"
    )
    pruned = trials.filter(state="pruned")["trial"]
    if len(pruned) and len(done):
        low = np.full(len(pruned), done["recall"].min())
        axes.plot(pruned, low, "x", color=COLORS[5], markersize=5, label="stopped early")
    axes.legend(frameon=False)
    return plot


def importance(study: Study) -> Plot:
    """How much of the variance between trials each parameter explains."""
    shares = study.importances()
    plot, axes = figure("What matters", xlabel="share of the variance of recall", size=(7.5, 2.6))
    names = sorted(shares, key=lambda name: shares[name])
    axes.barh(names, [shares[name] for name in names], color=COLORS[0])
    axes.grid(False, axis="y")
    if not names:
        axes.text(0.5, 0.5, "too few trials", transform=axes.transAxes, ha="center")
        axes.set_yticks([])
    return plot


def slices(study: Study) -> Plot:
    """Recall over each varied parameter; later trials are darker."""
    done = study.trials().drop_nulls("recall")
    varied = [name for name in TUNED if done[name].n_unique() > 1] or ["alpha"]
    plot = Plot(figsize=(2.6 * len(varied), 3.2), dpi=110, layout="constrained")
    for name, axes in zip(
        varied, np.ravel(plot.subplots(1, len(varied), sharey=True)), strict=True
    ):
        style(axes, name, ylabel=_RECALL if name == varied[0] else "")
        _slice(axes, done, name)
    return plot


def _slice(axes: Axes, done: pl.DataFrame, name: str) -> None:
    values = done[name]
    if name in ("factors", "confidence"):
        values = values.cast(pl.String)
        if name == "factors":  # in the order of numbers
            axes.plot(
                [str(n) for n in done[name].unique().sort()], [np.nan] * done[name].n_unique()
            )
    late = np.linspace(0.2, 1, len(done))
    axes.scatter(values, done["recall"], c=late, cmap="Blues", vmin=0, s=18, edgecolor=COLORS[0])
    if name in _LOGARITHMIC:
        axes.set_xscale("log")


def recency(study: Study) -> Plot:
    """Recall of the best trial with each half-life of recency."""
    recalls = study.by_half_life()
    plot, axes = figure(
        "Best trial by half-life of recency",
        xlabel="half-life in newer items (0 = off)",
        ylabel=_RECALL,
    )
    names = [f"{half_life:g}" for half_life in recalls]
    bars = axes.bar(names, list(recalls.values()), color=COLORS[0], width=0.6)
    axes.bar_label(bars, fmt="%.4f", fontsize=9)
    axes.grid(False, axis="x")
    return plot
