"""Plots of the monitor."""

from __future__ import annotations

import numpy as np

from recsys_lib.columns import Feedback
from recsys_lib.display.plotting import COLORS, Plot, figure
from recsys_lib.loop.monitor import Monitored
from recsys_lib.loop.periods import Periods
from recsys_lib.loop.traffic import rates

MILLISECONDS = dict.fromkeys(("p50 ms", "p95 ms", "p99 ms"), "{:.1f}")
"""How times are written in tables."""


def activity(found: Monitored) -> Plot | None:
    """Interactions on each day of both periods; None where they have no times."""
    rows = found.interactions
    if not rows.has_times:
        return None
    plot, axes = figure(
        "Interactions a day", xlabel="days before the newest interaction", ylabel="interactions"
    )
    chosen = found.parameters
    periods = Periods.of(rows.timestamp, chosen.days, chosen.before_days)
    before, now = periods.daily(rows.timestamp)
    for counts, first, color, name in (
        (before, periods.days, COLORS[5], "before"),
        (now, 0, COLORS[0], "newest"),
    ):
        if len(counts):
            axes.bar(first + np.arange(len(counts)), counts, color=color, label=name, width=0.9)
    axes.invert_xaxis()
    axes.legend(frameon=False, fontsize=9)
    return plot


def by_position(found: Monitored) -> Plot | None:
    """How often items are taken at each position of a list, with 95 % intervals.

    None where no list was logged.
    """
    outcome = found.parameters.outcome
    table = rates(found.newest, Feedback.POSITION, outcome)
    if table.is_empty():
        return None
    plot, axes = figure(
        f"Items that were {outcome}, by position", xlabel="position", ylabel="% of shown items"
    )
    rate = 100 * table["rate"].to_numpy()
    reach = np.abs(100 * table.select("low", "high").to_numpy().T - rate)
    axes.errorbar(table[Feedback.POSITION], rate, reach, fmt="o", color=COLORS[0], capsize=3)
    axes.set_ylim(0, 110 * max(float(table["high"].to_numpy().max()), 0.01))
    return plot
