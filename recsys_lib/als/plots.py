"""How the training went, as pictures."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from recsys_lib.als.training import TrainedAls
from recsys_lib.als.validation import K
from recsys_lib.display.plotting import COLORS, Plot, figure, style


def training_curve(trained: TrainedAls) -> Plot:
    """Loss after each iteration, and beside it the recall by which its end was chosen, if any."""
    if not trained.validation:
        plot, axes = figure("Training loss")
        _loss(axes, trained)
        return plot
    plot = Plot(figsize=(10, 3.6), dpi=110, layout="constrained")
    left, right = plot.subplots(1, 2)
    _loss(left, trained)
    _recall(right, trained)
    return plot


def _loss(axes: Axes, trained: TrainedAls) -> None:
    style(axes, "Training loss", xlabel="iteration", ylabel="loss (log scale)")
    numbers = [iteration.number for iteration in trained.history]
    axes.plot(numbers, trained.losses, color=COLORS[0], marker="o", markersize=3)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("{x:g}")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.text(
        *(0.98, 0.92, f"{trained.losses[-1]:.4g}: {trained.reason}"),
        transform=axes.transAxes,
        ha="right",
        color=COLORS[0],
    )


def _recall(axes: Axes, trained: TrainedAls) -> None:
    title = f"Recall@{K} of the validation users"
    style(axes, title, xlabel="iteration", ylabel=f"recall@{K}")
    numbers = [iteration.number for iteration in trained.validation]
    axes.plot(
        numbers,
        [i.recall or 0.0 for i in trained.validation],
        color=COLORS[1],
        marker="o",
        markersize=3,
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.axvline(len(trained.history), color=COLORS[2], linestyle="--", label="trained up to here")
    axes.legend(frameon=False)
