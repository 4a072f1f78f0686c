"""``recsys models --history``: what was served when, why, and who decided that."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsys_lib.paths import Dataset
    from recsys_lib.registry import History


def changes(dataset: Dataset, history: History) -> Iterator[dict[str, Any]]:
    """A row for each change of champion, the newest first."""
    for change in reversed(history.changes):
        yield {"dataset": dataset.name, **change.as_dict()}


def print_changes(rows: Sequence[Mapping[str, Any]]) -> None:
    """In a terminal two lines for each change, elsewhere one."""
    from rich.padding import Padding

    from recsys_lib.display.terminal import cell, console, print_line, text_table

    out = console()
    if out.is_terminal:
        for row in rows:
            before = f"{row['from']} -> " if row["from"] else ""
            print_line(out, f"{minute(row['time'])}  {before}{row['to']}")
            said = f"dataset {row['dataset']}, by {row['by']}: {row['reason']}"
            out.print(Padding(cell(said, "dim"), (0, 0, 0, 4)), soft_wrap=False)
        return
    table = text_table("time", "dataset", "from", "to", "by", "why")
    for row in rows:
        names = (row[name] for name in ("dataset", "from", "to", "by", "reason"))
        table.add_row(cell(minute(row["time"])), *(cell(name or "-") for name in names))
    out.print(table)


def minute(time: str) -> str:
    """A time without seconds."""
    return time[:16].replace("T", " ")
