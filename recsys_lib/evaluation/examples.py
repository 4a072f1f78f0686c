"""Single users, to see what the averages mean."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.evaluation.ranking import NO_ITEM

_SHOWN = 5
_SHORT = 60


def example_users(
    evaluation: Evaluation, model: str, names: pl.Series, n: int, *, seed: int
) -> pl.DataFrame:
    """A random draw of test users: history, the held-out item, its place, and the top of the list.

    ``names`` has what to call each item, in row order. Columns: history, held out, place, top.
    """
    split = evaluation.split
    n = min(n, len(split.test_users))
    drawn = np.random.default_rng(seed).choice(len(split.test_users), n, replace=False)
    rows = []
    for i in np.sort(drawn):
        history = split.train.item[split.train.user == split.test_users[i]]
        ranked = evaluation.lists[model][i]
        place = np.flatnonzero(ranked == split.test_items[i])
        rows.append(
            {
                "history": _join(names, history[-_SHOWN:]),
                "held out": _join(names, split.test_items[i : i + 1]),
                "place": str(place[0] + 1) if len(place) else f"not in {len(ranked)}",
                "top": _join(names, ranked[ranked != NO_ITEM][:_SHOWN]),
            }
        )
    return pl.DataFrame(rows)


def results_table(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """One row a model: the metrics at k, half the width of their intervals, seconds."""
    rows = []
    for model, seconds in evaluation.seconds.items():
        row: dict[str, str | float] = {"model": model}
        for result in evaluation.results.filter(model=model, k=k).iter_rows(named=True):
            spread = "" if result["ci95"] is None else f" ± {result['ci95']:.4f}"
            row[f"{result['metric']}@{k}"] = f"{result['value']:.4f}{spread}"
        rows.append({**row, "seconds": seconds})
    return pl.DataFrame(rows)


def in_words(evaluation: Evaluation, k: int) -> str:
    """One sentence: how often ``als`` finds the held-out product, compared with ``popular``."""
    als, popular = (evaluation.value(model, "recall", k) for model in ("als", "popular"))
    found = f"ALS finds the held-out product in its top {k} for {als:.1%} of the users"
    if not popular:
        return f"{found}, most-popular for none."
    return f"{found}, {als / popular:.1f} times as often as most-popular ({popular:.1%})."


def _join(names: pl.Series, rows: np.ndarray) -> str:
    return " · ".join(_shortened(names[int(row)]) for row in rows)


def _shortened(name: str) -> str:
    return name if len(name) <= _SHORT else name[: _SHORT - 1] + "…"
