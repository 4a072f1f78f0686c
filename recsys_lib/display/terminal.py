"""What a terminal shows: tables, lines that stay, and live bars below them."""

from __future__ import annotations

import os
import sys
import threading
import time
import unicodedata
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from recsys_lib.display.lines import ProgressLine

_PAGE_WIDTH = 1000
_NARROWEST = 10
_PROSE = ("changed", "started", "meaning", "range", "default", "type", "needs")
"""Columns that a narrow terminal may fold; the others hold names and numbers."""

_SECONDS_BETWEEN_DRAWINGS = 0.1
_LAYOUT = "\n\t"
_JOINERS = "\u200c\u200d"
"""Invisible, but scripts such as Persian, and some pictures, are written with them."""
_COLUMNS = (
    TextColumn("{task.description:<10}", markup=False),
    SpinnerColumn(),
    BarColumn(),
    TextColumn("{task.fields[words]}", markup=False),
    TimeElapsedColumn(),
)

if TYPE_CHECKING:
    import polars as pl


class LastingConsole(Console):
    """A console whose reader may leave, as in ``| head``: the work goes on without one."""

    def on_broken_pipe(self) -> None:
        """Print nothing more; the base class would end the process."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, (sys.stderr if self.stderr else sys.stdout).fileno())
        os.close(nowhere)


def console(*, quiet: bool = False) -> Console:
    """Standard output; in a file or a pipe no line is folded, whatever width the shell exports."""
    plain = LastingConsole(quiet=quiet, highlight=False, soft_wrap=True)
    if not plain.is_terminal:
        plain.width = _PAGE_WIDTH
    return plain


def harmless(text: str) -> str:
    r"""A text of anybody as one may print it: it cannot steer the terminal, nor hide or turn round.

    Control characters (so that an escape sequence is plain text), marks that change the direction
    of writing and other invisible characters are left out; halves of characters become "?".

    Examples
    --------
    >>> harmless("belt\x1b[31m \u202etleb\u200b")
    'belt[31m tleb'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character in _LAYOUT or character in _JOINERS:
        return character
    kind = unicodedata.category(character)
    if kind == "Cs":
        return "?"
    if kind in ("Zl", "Zp"):
        return " "
    return "" if kind in ("Cc", "Cf") else character


def one_line(text: object) -> str:
    """A harmless text on one line, without blanks that only shape it."""
    return " ".join(harmless(str(text)).split())


def cell(value: object, style: str = "") -> Text:
    """A value as the cell of a table: harmless, on one line, and without markup."""
    return Text(one_line(value), style=style)


def cut(text: str, width: int) -> str:
    """A line of so many columns at most; "…" stands for what is left out."""
    line = Text(text)
    line.truncate(width, overflow="ellipsis")
    return line.plain


def print_line(out: Console, text: str, style: str = "") -> None:
    """Print a harmless text; brackets in it are no markup."""
    out.print(Text(harmless(text), style=style))


def text_table(*columns: str) -> Table:
    """An empty table without lines around its cells."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        folded = column in _PROSE
        table.add_column(
            column, overflow="fold", no_wrap=not folded, min_width=_NARROWEST if folded else None
        )
    return table


def frame_table(frame: pl.DataFrame) -> Table:
    """A data frame as a table; its values are shown as they are."""
    table = text_table(*frame.columns)
    for row in frame.iter_rows():
        table.add_row(*map(cell, row))
    return table


class LiveView:
    """Bars of the tasks that are under way, below all that was printed.

    Parameters
    ----------
    out: a terminal.
    errors: where errors are printed; they go above the bars only if that is a terminal, too.
    """

    def __init__(self, out: Console, errors: Console | None = None) -> None:
        self.out = out
        self.lock = threading.RLock()
        """Held while anything is drawn. Hold it to print on ``out``."""
        self._redirect_errors = errors is not None and errors.is_terminal
        self._live: Progress | None = None
        self._bars: dict[TerminalBar, TaskID] = {}

    def task(self, name: str) -> TerminalBar:
        """A bar for one more task; it appears when the task starts."""
        return TerminalBar(self, name)

    def draw(self, bar: TerminalBar, name: str, words: str, done: int, total: int | None) -> None:
        """Show a bar, or its new state."""
        with self.lock:
            if self._live is None:
                self._live = self._start()
            if bar not in self._bars:
                self._bars[bar] = self._live.add_task(name, total=total, words=words)
            self._live.update(self._bars[bar], completed=done, total=total, words=words)

    def remove(self, bar: TerminalBar) -> None:
        """Take a bar away; the view ends with its last bar."""
        with self.lock:
            task = self._bars.pop(bar, None)
            if self._live is not None and task is not None:
                self._live.remove_task(task)
                self._live.refresh()
            if not self._bars:
                self.stop()

    def stop(self) -> None:
        """Take all bars away."""
        with self.lock:
            if self._live is not None:
                self._live.stop()
                self._live = None
            self._bars.clear()

    def _start(self) -> Progress:
        # rich's own refresh thread now and then wipes out a line that is printed at that moment.
        # So this class refreshes under its lock, in which lines are printed as well.
        live = Progress(
            *_COLUMNS,
            console=self.out,
            auto_refresh=False,
            transient=True,
            redirect_stderr=self._redirect_errors,
        )
        live.start()
        threading.Thread(target=self._refresh, args=(live,), daemon=True).start()
        return live

    def _refresh(self, live: Progress) -> None:
        while True:
            time.sleep(_SECONDS_BETWEEN_DRAWINGS)
            with self.lock:
                if self._live is not live:
                    return
                live.refresh()


class TerminalBar(ProgressLine):
    """One bar of a live view; when its task is finished, a line takes its place."""

    def __init__(self, view: LiveView, name: str) -> None:
        super().__init__(name, period=0)
        self._view = view

    def _begin(self, words: str) -> None:
        self._show(words)

    def _show(self, words: str) -> None:
        self._view.draw(self, self._name, words, self._done, self._total)

    def _end(self, words: str) -> None:
        with self._view.lock:
            self._view.remove(self)
            if words:
                print_line(self._view.out, self._named(words))
