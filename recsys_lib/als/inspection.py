"""What a notebook shows of a training: its progress, its curve, and the nearest items of some."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from recsys_lib.als.part import AlsModel
from recsys_lib.als.training import Iteration, OnIteration, TrainedAls
from recsys_lib.als.validation import K
from recsys_lib.display.plotting import COLORS, GRID, Plot, figure, style
from recsys_lib.display.progress import progress_for
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import best_first


@contextmanager
def training_progress(parameters: AlsParameters) -> Iterator[OnIteration]:
    """Show the progress of a training; yields the ``on_iteration`` of ``train_als``."""
    with progress_for(parameters.iterations, "iterations") as progress:

        def on_iteration(iteration: Iteration) -> None:
            note = f"loss {iteration.loss:.6g}"
            if iteration.recall is not None:
                note += f", validation recall@{K} {iteration.recall:.4f}"
            progress.update(iteration.number, note)

        yield on_iteration


def training_curve(trained: TrainedAls) -> Plot:
    """Loss of each iteration, and the validation recall beside it, if there is any."""
    if not trained.validation:
        plot, axes = figure("Training loss")
        _plot_loss(axes, trained)
        return plot
    plot = Plot(figsize=(10, 3.6), dpi=110, layout="constrained")
    left, right = plot.subplots(1, 2)
    _plot_loss(left, trained)
    _plot_recall(right, trained)
    return plot


def similar_examples(model: AlsModel, n_items: int, n_similar: int) -> pl.DataFrame:
    """The nearest items of the most popular ones: item, rank, similar item, score.

    The item is named in its first row only.
    """
    popular = best_first(model.popularity, n_items)
    return pl.concat([_neighbours(model, int(row), n_similar) for row in popular])


def _plot_loss(axes: Axes, trained: TrainedAls) -> None:
    style(axes, "Training loss", xlabel="iteration", ylabel="loss (log scale)")
    numbers = [iteration.number for iteration in trained.history]
    axes.plot(numbers, trained.losses, color=COLORS[0], marker="o", markersize=3)
    axes.set_yscale("log")
    axes.grid(True, which="both", axis="y", color=GRID, linewidth=0.8)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.text(
        0.98,
        0.92,
        f"{trained.losses[-1]:.4g}: {trained.reason}",
        transform=axes.transAxes,
        ha="right",
        color=COLORS[0],
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
    )


def _plot_recall(axes: Axes, trained: TrainedAls) -> None:
    title = f"Recall@{K} of the validation users"
    style(axes, title, xlabel="iteration", ylabel=f"recall@{K}")
    numbers = [iteration.number for iteration in trained.validation]
    recalls = [iteration.recall or 0.0 for iteration in trained.validation]
    axes.plot(numbers, recalls, color=COLORS[1], marker="o", markersize=3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    best = len(trained.history)
    axes.axvline(best, color=COLORS[2], linestyle="--", label="iterations of the final training")
    axes.legend(frameon=False)


def _neighbours(model: AlsModel, row: int, n: int) -> pl.DataFrame:
    rows, scores = model.similar(row, n)
    names = model.display.select(pl.coalesce("title", "id")).to_series()
    name_once = pl.Series([names[row]] + [""] * len(rows))[: len(rows)]
    return pl.DataFrame(
        {
            "item": name_once,
            "rank": np.arange(1, len(rows) + 1),
            "similar item": names[rows.tolist()],
            "score": scores,
        }
    )
