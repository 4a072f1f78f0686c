"""Answers as they are printed: two lines a product in a terminal, one in a pipe, or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from recsys_lib.columns import Answers
from recsys_lib.display.terminal import cell, console, print_line, text_table

if TYPE_CHECKING:
    import pandas as pd

    from recsys_lib.serving._explanations import Explanation

_BY = {
    "als": "liked by the same people",
    "text": "with a similar text",
    "blend": "recommended to somebody who took it alone",
}
_FAR = "may not be meant: no word of the query, and another meaning"


def print_answer(answer: pd.DataFrame, *, nothing: str) -> None:
    """The rows of an answer, best first; ``nothing`` is said of an empty one."""
    out, rows = console(), records(answer)
    if not rows:
        print_line(out, nothing)
        return
    out.print(_stacked(rows) if out.is_terminal else _plain(rows))


def print_history(user_id: str, taken: Mapping[str, Any]) -> None:
    """Who is asked about, in a terminal: what they took most recently."""
    out, n_items = console(), taken["n_items"]
    if not out.is_terminal:
        return
    print_line(out, f"{user_id} took {n_items:,} item{'s'[: n_items - 1]}, most recently:", "bold")
    for item in taken["history"]:
        line = Text(f"  {item['date'] or '-':<10}  ").append_text(cell(title(item)))
        out.print(line, no_wrap=True, overflow="ellipsis", soft_wrap=False)
    print_line(out, "\nRecommended:", "bold")


def print_similar(item: Mapping[str, Any], answer: pd.DataFrame, by: str) -> None:
    """Items like one item; in a terminal, the item itself above them."""
    out = console()
    if (answer[Answers.SOURCE] == "semantic").all():
        by = "text"  # also where nobody liked the item
    if out.is_terminal:
        line = Text(f"{item[Answers.ITEM]}  ", style="bold").append_text(cell(title(item)))
        out.print(line, no_wrap=True, overflow="ellipsis", soft_wrap=False)
        print_line(out, f"\nSimilar, {_BY[by]}:", "bold")
    answer = answer.copy()
    if Answers.REASON in answer:  # it would name the item in each line
        named = answer[Answers.REASON].str.replace(title(item), "it", regex=False)
        answer[Answers.REASON] = named
    print_answer(answer, nothing="No other item passes these conditions.")


def print_explanation(why: Explanation, *, as_json: bool) -> None:
    """Why an item is in a list or is not, in a sentence or as JSON."""
    if as_json:
        print_json(why.to_dict())
    else:
        print_line(console(), why.sentence)


def print_json(value: Any) -> None:
    """A value for machines; characters beyond ASCII are escaped, so that none steers a terminal."""
    console().print(
        json.dumps(value, indent=2, default=str), markup=False, soft_wrap=True, highlight=False
    )


def records(answer: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as plain values, without the query, which is the same in all of them."""
    columns = answer.drop(columns=Answers.QUERY).astype(object)
    return columns.where(columns.notna(), None).to_dict("records")


def title(item: Mapping[str, Any]) -> str:
    """The title of an item, or its id where it has none."""
    return str(item[Answers.TITLE] or item[Answers.ITEM])


def _stacked(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rank, title above reason, and id; what is too long for the terminal is cut."""
    table = Table(box=None, pad_edge=False, show_header=False, expand=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, style="cyan")
    for row in rows:
        lines = [cell(title(row)), *(cell(note, "dim") for note in _notes(row))]
        table.add_row(cell(row[Answers.RANK]), Text("\n").join(lines), cell(row[Answers.ITEM]))
    return table


def _plain(rows: Sequence[Mapping[str, Any]]) -> Table:
    names = ["rank", "item_id", "title"]
    noted = any(_notes(row) for row in rows)
    table = text_table(*names, *(["why"] if noted else []))
    for row in rows:
        notes = ["; ".join(_notes(row))] if noted else []
        table.add_row(*map(cell, [*(row[name] for name in names[:2]), title(row), *notes]))
    return table


def _notes(row: Mapping[str, Any]) -> list[str]:
    """What to know of a row beside its title."""
    notes = [row[Answers.REASON]] if row.get(Answers.REASON) else []
    notes += [_FAR] if row.get(Answers.FAR) else []
    notes += [f"moved by the rule {rule}"] if (rule := row.get(Answers.RULE)) else []
    if variants := row.get(Answers.VARIANTS):
        plural = "s"[: len(variants) - 1]
        notes += [f"stands for {len(variants):,} other variant{plural}, too"]
    return notes
