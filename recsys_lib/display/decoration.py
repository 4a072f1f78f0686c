"""What a notebook shows beside its work: when that fails, it is a warning and not the end."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

WARNING = "application/vnd.recsys.warning+json"
"""Type of the output that tells a run about a warning, besides the text for the reader."""


@dataclass(frozen=True)
class Caution:
    """A sentence that the reader must know; the record of the run and the report list it, too."""

    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        text = f"Warning: {self}"
        paragraph = f'<p class="warnings" style="color: #8a5a00">{html.escape(text)}</p>'
        return {"text/plain": text, "text/html": paragraph, WARNING: {"warning": str(self)}}


class NotShown(Caution):
    """What stands in a notebook instead of a plot or a table."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what} could not be shown: {reason}")


def drawn(make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | NotShown:
    """A plot or a table of examples; a warning with the reason when it cannot be made.

    Results never depend on it, so its failure must not end a run. The warning is shown in its
    place, and the report lists it.

    Parameters
    ----------
    make
        Makes the plot or the table.
    *args, **kwargs
        What it is called with.

    Returns
    -------
    T or NotShown
        Shown when it is the last value of a cell; ``show`` takes both.

    Examples
    --------
    >>> drawn(sorted, ["mug", "belt"])
    ['belt', 'mug']
    >>> drawn(sorted, ["mug", 7])
    sorted could not be shown: TypeError: '<' not supported between instances of 'int' and 'str'
    """
    try:
        shown = make(*args, **kwargs)
        # matplotlib meets most of its errors only when it draws.
        render = getattr(shown, "render", None)
        if render is not None:
            render()
    except Exception as error:
        name = getattr(make, "__name__", "")
        what = name.replace("_", " ") if name.isidentifier() else "an example"
        return NotShown(what, f"{type(error).__name__}: {error}")
    return shown
