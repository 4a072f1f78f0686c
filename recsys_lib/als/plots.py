"""How the training went, as pictures."""

from __future__ import annotations

from recsys_lib.als.training import TrainedAls
from recsys_lib.plotting import COLORS, Plot, figure


def training_curve(trained: TrainedAls) -> Plot:
    """Loss after each iteration, on a log scale."""
    plot, axes = figure("Training loss", xlabel="iteration", ylabel="loss (log scale)")
    numbers = [iteration.number for iteration in trained.history]
    axes.plot(numbers, trained.losses, color=COLORS[0], marker="o", markersize=3)
    axes.set_yscale("log")
    end = "settled" if trained.converged else "iteration limit"
    axes.annotate(
        f"{trained.losses[-1]:.3g} ({end})",
        (numbers[-1], trained.losses[-1]),
        textcoords="offset points",
        xytext=(0, 10),
        ha="right",
        color=COLORS[0],
    )
    return plot
