"""The few numbers at the top of a report."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Metrics = Mapping[str, float | None]

_HEADLINES = {
    "served.ndcg@10": "nDCG@10 of what is served",
    "served.recall@10": "Recall@10 of what is served",
    "als.ndcg@10": "nDCG@10 of ALS",
    "als.recall@10": "Recall@10 of ALS",
    "als.coverage@10": "Items that ALS recommends",
    "search.ndcg@10": "nDCG@10 of search",
    "search.known_titles.mrr": "MRR of known items",
    "etl.kept": "Ratings",
    "etl.users": "Users",
    "etl.items": "Rated items",
    "etl.products": "Products",
    "search.n_products": "Searchable products",
}
_SHARES = ("als.coverage@10",)
_BASELINES = {
    f"{model}.{metric}@10": f"popular.{metric}@10"
    for model in ("served", "als")
    for metric in ("ndcg", "recall")
}
_MISSING = "-"


@dataclass(frozen=True)
class Card:
    """A number with its label, what to compare it with, and its change since the run before.

    ``trend`` judges the change where more is better and the change is beyond chance.
    """

    label: str
    value: str
    note: str
    change: str
    trend: Literal["", "better", "worse"]


def headline_cards(metrics: Metrics, previous: Metrics) -> list[Card]:
    """Cards for the headline metrics that this run has."""
    now, before = _known(metrics), _known(previous)
    return [
        Card(
            label=label,
            value=f"{now[name]:.1%}" if name in _SHARES else human(now[name]),
            note=_note(name, now),
            change=_change(now[name], before.get(name)),
            trend=_trend(name, now, before),
        )
        for name, label in _HEADLINES.items()
        if name in now
    ]


def human(value: float | None) -> str:
    """Whole numbers with separators, others with four significant digits; a dash for none."""
    if value is None or not math.isfinite(value):
        return _MISSING
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _known(metrics: Metrics) -> dict[str, float]:
    return {k: v for k, v in metrics.items() if v is not None and math.isfinite(v)}


def _note(name: str, metrics: Mapping[str, float]) -> str:
    interval = metrics.get(f"{name}.ci95")
    baseline = metrics.get(_BASELINES.get(name, ""))
    parts = [f"± {interval:.2g}"] if interval else []
    if baseline:
        parts.append(f"{metrics[name] / baseline:.1f} times most-popular ({human(baseline)})")
    return "\n".join(parts)


def _change(now: float, before: float | None) -> str:
    if before is None:
        return ""
    if now == before:
        return "as before"
    if before == 0:
        return f"was 0, now {human(now)}"
    share = f"{(now - before) / abs(before):+.1%}"
    return "nearly as before" if float(share[:-1]) == 0 else f"{share} since last run"


def _trend(
    name: str, now: Mapping[str, float], before: Mapping[str, float]
) -> Literal["", "better", "worse"]:
    """A change within the 95 % interval may be chance, and is not judged."""
    difference = now[name] - before.get(name, now[name])
    if name not in _BASELINES or abs(difference) <= now.get(f"{name}.ci95", 0.0):
        return ""
    return "better" if difference > 0 else "worse"
