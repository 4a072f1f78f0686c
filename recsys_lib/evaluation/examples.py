"""Single users, to see what the averages mean."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.ranking import NO_ITEM

_SHOWN = 5
_SHORT = 60
_CELL = "text-align: left; vertical-align: top"
_LINE = "display: flex; align-items: center; min-height: 36px; line-height: 1.3"
# JupyterLab gives pictures their own height otherwise.
_PICTURE = "width: 32px; height: 32px; margin: 2px 8px 2px 0; flex-shrink: 0; object-fit: contain"


@dataclass(frozen=True)
class UserExamples:
    """For some test users: their history, what they took next, and what was recommended.

    Parameters
    ----------
    model: whose lists are shown.
    display: columns id, title, image_url (an address that is safe to show), one row per item.
    chosen: positions in ``evaluation.split.test_users``.
    """

    evaluation: Evaluation
    model: str
    display: pl.DataFrame
    chosen: Sequence[int]

    def table(self) -> pl.DataFrame:
        """The same as texts: history, held out, rank, recommended."""
        return pl.DataFrame([self._texts(user) for user in self.chosen])

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        names = ("history", "took next", "recommended")
        head = "".join(f"<th style='{_CELL}'>{name}</th>" for name in names)
        body = "".join(self._html(user) for user in self.chosen)
        return f"<table><tr>{head}</tr>{body}</table>"

    def _parts(self, user: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
        """Items: end of the history, held out, top of the list; and the positions of the hits."""
        split, ranked = self.evaluation.split, self.evaluation.lists[self.model][user]
        history = split.train.item[split.train.user == split.test_users[user]][-_SHOWN:]
        held_out = split.test.interactions.item[split.test.row == user]
        positions = np.flatnonzero(np.isin(ranked, held_out)).tolist()
        return history, held_out, ranked[ranked != NO_ITEM][:_SHOWN], positions

    def _texts(self, user: int) -> dict[str, str]:
        history, held_out, top, positions = self._parts(user)
        length = self.evaluation.lists[self.model].shape[1]
        return {
            "history": " · ".join(self._names(history)),
            "held out": " · ".join(self._names(held_out[:_SHOWN])),
            "rank": ", ".join(str(p + 1) for p in positions) or f"not in top {length}",
            "recommended": " · ".join(self._names(top)),
        }

    def _html(self, user: int) -> str:
        history, held_out, top, positions = self._parts(user)
        found = f"rank {positions[0] + 1}" if positions else "not found"
        cells = (
            self._items(history),
            f"{self._items(held_out[:_SHOWN])}<em>{found}</em>",
            self._items(top, held_out),
        )
        return "<tr>" + "".join(f"<td style='{_CELL}'>{cell}</td>" for cell in cells) + "</tr>"

    def _items(self, rows: np.ndarray, bold: np.ndarray | None = None) -> str:
        lines = []
        for row, name in zip(rows, self._names(rows), strict=True):
            text = html.escape(name)
            text = f"<b>{text}</b>" if bold is not None and row in bold else text
            lines.append(f"<div style='{_LINE}'>{self._image(int(row))}<span>{text}</span></div>")
        return "".join(lines)

    def _image(self, row: int) -> str:
        url = self.display["image_url"][row]
        if url is None:
            return f"<span style='{_PICTURE}'></span>"
        source = html.escape(url, quote=True)
        return f"<img src='{source}' alt='' width='32' height='32' style='{_PICTURE}'>"

    def _names(self, rows: Iterable[int]) -> list[str]:
        titles, ids = self.display["title"], self.display["id"]
        return [_shortened(titles[int(row)] or ids[int(row)]) for row in rows]


def example_users(
    evaluation: Evaluation, display: pl.DataFrame, n: int, *, seed: int, model: str | None = None
) -> UserExamples:
    """Draw test users at random; their lists are those of ``model``, the served one by default."""
    users = np.arange(len(evaluation.split.test_users))
    return _draw(evaluation, display, users, n, seed, model)


def failures(evaluation: Evaluation, display: pl.DataFrame, n: int, *, seed: int) -> UserExamples:
    """Draw users with long histories for whom the served model found nothing."""
    k = evaluation.lists[evaluation.served].shape[1]
    missed = evaluation.per_user(evaluation.served, "hit_rate", k) == 0
    length = evaluation.split.history_length
    long = length >= np.median(length)
    return _draw(evaluation, display, np.flatnonzero(missed & long), n, seed, None)


def _draw(
    evaluation: Evaluation,
    display: pl.DataFrame,
    users: np.ndarray,
    n: int,
    seed: int,
    model: str | None,
) -> UserExamples:
    drawn = np.random.default_rng(seed).choice(users, min(n, len(users)), replace=False)
    chosen = np.sort(drawn).tolist()
    return UserExamples(evaluation, model or evaluation.served, display, chosen)


def _shortened(name: str) -> str:
    return name if len(name) <= _SHORT else name[: _SHORT - 1] + "…"
