"""Single users, to see what the averages mean; and the results as tables and sentences."""

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


@dataclass(frozen=True)
class Album:
    """Users side by side: what they had, what they took next, what was recommended.

    ``display`` has the columns id, title, image_url (an address that is safe to show), a row for
    each item.
    """

    evaluation: Evaluation
    model: str
    display: pl.DataFrame
    chosen: Sequence[int]

    def table(self) -> pl.DataFrame:
        """The same as texts: history, held out, place, recommended."""
        return pl.DataFrame([self._texts(user) for user in self.chosen])

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        head = "<tr><th>had</th><th>took next</th><th>was recommended</th></tr>"
        body = "".join(self._html(user) for user in self.chosen)
        return f"<table style='text-align: left'>{head}{body}</table>"

    def _parts(self, user: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
        """Rows of the items: the end of the history, what was held out, the top, hits (places)."""
        split, ranked = self.evaluation.split, self.evaluation.lists[self.model][user]
        history = split.train.item[split.train.user == split.test_users[user]][-_SHOWN:]
        held_out = split.test.interactions.item[split.test.row == user]
        places = np.flatnonzero(np.isin(ranked, held_out)).tolist()
        return history, held_out, ranked[ranked != NO_ITEM][:_SHOWN], places

    def _texts(self, user: int) -> dict[str, str]:
        history, held_out, top, places = self._parts(user)
        length = self.evaluation.lists[self.model].shape[1]
        return {
            "history": " · ".join(self._names(history)),
            "held out": " · ".join(self._names(held_out[:_SHOWN])),
            "place": ", ".join(str(p + 1) for p in places) or f"not in {length}",
            "recommended": " · ".join(self._names(top)),
        }

    def _html(self, user: int) -> str:
        history, held_out, top, places = self._parts(user)
        found = f"place {places[0] + 1}" if places else "not found"
        cells = (
            self._items(history),
            f"{self._items(held_out[:_SHOWN])}<em>{found}</em>",
            self._items(top, held_out),
        )
        return "<tr>" + "".join(f"<td style='text-align: left'>{c}</td>" for c in cells) + "</tr>"

    def _items(self, rows: np.ndarray, bold: np.ndarray | None = None) -> str:
        lines = []
        for row, name in zip(rows, self._names(rows), strict=True):
            text = html.escape(name)
            text = f"<b>{text}</b>" if bold is not None and row in bold else text
            lines.append(f"<div>{self._image(int(row))}{text}</div>")
        return "".join(lines)

    def _image(self, row: int) -> str:
        url = self.display["image_url"][row]
        if url is None:
            return ""
        return f"<img src='{html.escape(url, quote=True)}' alt='' height='32'> "

    def _names(self, rows: Iterable[int]) -> list[str]:
        titles, ids = self.display["title"], self.display["id"]
        return [_shortened(titles[int(row)] or ids[int(row)]) for row in rows]


def example_users(
    evaluation: Evaluation, display: pl.DataFrame, n: int, *, seed: int, model: str | None = None
) -> Album:
    """A random draw of test users, by default with the lists of the served model."""
    users = np.arange(len(evaluation.split.test_users))
    return _draw(evaluation, display, users, n, seed, model)


def failures(evaluation: Evaluation, display: pl.DataFrame, n: int, *, seed: int) -> Album:
    """A random draw of the users who have a long history, and for whom nothing was found."""
    k = evaluation.lists[evaluation.served].shape[1]
    missed = evaluation.per_user(evaluation.served, "hit_rate", k) == 0
    length = evaluation.split.history_length
    long = length >= np.median(length)
    return _draw(evaluation, display, np.flatnonzero(missed & long), n, seed, None)


def results_table(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """One row a model, the best nDCG first: metrics at k with intervals, and whether it is sure.

    The last column compares with the served model: worse and better are beyond noise.
    """
    gaps = evaluation.differences("ndcg", k)
    verdicts = dict(zip(gaps["model"], gaps["verdict"], strict=True))
    words = {"better": "worse", "worse": "better", "within noise": "within noise"}
    rows = []
    for model in evaluation.ranked_models("ndcg", k):
        row: dict[str, str | float] = {"model": model}
        found = evaluation.results.filter(model=model, k=k)
        for metric in ("recall", "ndcg", "map", "mrr"):
            value, half = found.filter(metric=metric).select("value", "ci95").row(0)
            row[f"{metric}@{k}"] = f"{value:.4f} ± {half:.4f}"
        row["than the served"] = words[verdicts[model]] if model in verdicts else "served"
        rows.append({**row, "seconds": evaluation.seconds[model]})
    return pl.DataFrame(rows)


def lists_table(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """One row a model: what its lists are like beyond being right."""
    beyond = evaluation.results.filter(pl.col("ci95").is_null(), k=k)
    wide = beyond.pivot("metric", index="model", values="value")
    order = pl.DataFrame({"model": evaluation.ranked_models("ndcg", k)})
    return order.join(wide, on="model", maintain_order="left")


def in_words(evaluation: Evaluation, k: int) -> str:
    """One sentence: how often the served model finds what was held out, and beside whom."""
    served = evaluation.served
    own, popular = (evaluation.value(model, "recall", k) for model in (served, "popular"))
    sentence = f"The served model, {served}, finds {own:.1%} of what was held out in its top {k}"
    sentence += f"; most-popular finds {popular:.1%}." if popular else "; most-popular finds none."
    rivals = evaluation.differences("ndcg", k)
    alike = rivals.filter(verdict="within noise")["model"].to_list()
    ahead = rivals.filter(verdict="worse")["model"].to_list()
    if ahead:
        return f"{sentence} {_listed(ahead)} rank better beyond noise."
    if alike:
        return f"{sentence} Not to be told from it: {_listed(alike)}."
    return f"{sentence} It ranks better than every other model beyond noise."


def _draw(
    evaluation: Evaluation,
    display: pl.DataFrame,
    users: np.ndarray,
    n: int,
    seed: int,
    model: str | None,
) -> Album:
    drawn = np.random.default_rng(seed).choice(users, min(n, len(users)), replace=False)
    return Album(evaluation, model or evaluation.served, display, np.sort(drawn).tolist())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _shortened(name: str) -> str:
    return name if len(name) <= _SHORT else name[: _SHORT - 1] + "…"
