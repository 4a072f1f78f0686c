"""The look of every plot: one palette, light grid, a title that says what is shown."""

from __future__ import annotations

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLORS = ["#2456a6", "#e07b39", "#3a9679", "#8d5a97", "#c44536", "#6b7280"]
"""Colours that are distinct in print and for colour-blind readers; COLORS[0] is the accent."""

_INK = "#374151"
GRID = "#e5e7eb"


class Plot(Figure):
    """A Figure that a notebook shows as PNG when it is the last value of a cell.

    It is made without pyplot, so it is shown only once and freed when nobody uses it.
    """

    _png: bytes | None = None

    def render(self) -> bytes:
        """Draw it once, as PNG; the plot must be finished."""
        if self._png is None:
            buffer = BytesIO()
            self.savefig(buffer, format="png")
            self._png = buffer.getvalue()
        return self._png

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        return self.render(), {"alt": self.description}

    @property
    def description(self) -> str:
        """The titles, for readers who cannot see the picture."""
        return "; ".join(axes.get_title(loc="left") for axes in self.axes)


def figure(
    title: str, *, xlabel: str = "", ylabel: str = "", size: tuple[float, float] = (7.5, 3.6)
) -> tuple[Plot, Axes]:
    """Make an empty plot in the project's style.

    Parameters
    ----------
    title
        What the plot shows; also its alternative text.
    xlabel, ylabel
        Labels of the axes.
    size
        Width and height in inches.

    Returns
    -------
    Plot
        Shown when it is the last value of a cell.
    matplotlib.axes.Axes
        To draw on.

    Examples
    --------
    >>> plot, axes = figure("Ratings per user", xlabel="ratings", ylabel="users")
    >>> bars = axes.bar(["1", "2", "3"], [120, 45, 20], color=COLORS[0])
    >>> plot.description
    'Ratings per user'
    """
    drawing = Plot(figsize=size, dpi=110, layout="constrained")
    axes = drawing.subplots()
    style(axes, title, xlabel=xlabel, ylabel=ylabel)
    return drawing, axes


def style(axes: Axes, title: str, *, xlabel: str = "", ylabel: str = "") -> None:
    """Give one of several Axes the project's style."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=_INK)
    axes.set_xlabel(xlabel, color=_INK)
    axes.set_ylabel(ylabel, color=_INK)
    axes.tick_params(which="both", colors=_INK, labelsize=9)
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
