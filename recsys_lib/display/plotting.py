"""The look of every plot: one palette, light grid, a title that says what is shown."""

from __future__ import annotations

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLORS = ["#2456a6", "#e07b39", "#3a9679", "#8d5a97", "#c44536", "#6b7280"]
"""Colours that stay apart in print and for colour-blind readers; COLORS[0] is the accent."""

_INK = "#374151"
_GRID = "#e5e7eb"


class Plot(Figure):
    """A Figure that a notebook shows as PNG when it is a cell's last value.

    It is made without pyplot, so nothing is shown twice and nothing stays in memory.
    """

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        buffer = BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue(), {"alt": self.description}

    @property
    def description(self) -> str:
        """What the picture shows, for those who cannot see it."""
        return "; ".join(axes.get_title(loc="left") for axes in self.axes)


def figure(
    title: str, *, xlabel: str = "", ylabel: str = "", size: tuple[float, float] = (7.5, 3.6)
) -> tuple[Plot, Axes]:
    """An empty plot in the project's style; ``size`` in inches."""
    drawing = Plot(figsize=size, dpi=110, layout="constrained")
    axes = drawing.subplots()
    style(axes, title, xlabel=xlabel, ylabel=ylabel)
    return drawing, axes


def style(axes: Axes, title: str, *, xlabel: str = "", ylabel: str = "") -> None:
    """Give one Axes (of a drawing with several) the project's style."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=_INK)
    axes.set_xlabel(xlabel, color=_INK)
    axes.set_ylabel(ylabel, color=_INK)
    axes.tick_params(colors=_INK, labelsize=9)
    axes.grid(True, color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_GRID)
