"""Plots of compared runs."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_lib.display.plotting import COLORS, Plot, figure
from recsys_lib.pipeline.runs.comparison import Comparison

_ROW_INCHES = 0.32


def intervals(comparison: Comparison, metric: str) -> Plot:
    """A metric of each run with its 95 % interval; labels are the parameters that differ."""
    rows = comparison.metrics().filter(pl.col("value").is_not_null(), metric=metric)
    names = run_names(comparison)
    plot, axes = figure(
        f"{metric} with 95 % intervals", xlabel=metric, size=(7.5, 1.2 + _ROW_INCHES * len(rows))
    )
    heights = np.arange(len(rows))[::-1]
    half = rows["ci95"].fill_null(0.0).to_numpy()
    axes.errorbar(rows["value"], heights, xerr=half, fmt="o", color=COLORS[0], capsize=3)
    axes.set_yticks(heights, [names[run] for run in rows["run"]])
    axes.margins(y=0.15)
    axes.grid(False, axis="y")
    return plot


def run_names(comparison: Comparison) -> dict[str, str]:
    """Run id -> the parameters that differ, or the id where they do not tell runs apart."""
    varied = comparison.parameters()
    names = {
        run: ", ".join(
            f"{name}={value}" for name, value in zip(varied["name"], varied[run], strict=True)
        )
        for run in comparison.run_ids
    }
    told_apart = all(names.values()) and len(set(names.values())) == len(names)
    return names if told_apart else {run: run for run in names}
