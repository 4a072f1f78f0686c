"""The few numbers at the top of a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_HEADLINES = {
    "als.ndcg@10": "nDCG@10 of ALS",
    "als.recall@10": "Recall@10 of ALS",
    "als.coverage@10": "Items recommended to somebody",
    "etl.kept": "Ratings",
    "etl.users": "Users",
    "etl.items": "Rated items",
    "etl.products": "Products",
    "search.n_products": "Searchable products",
}
_SHARES = ("als.coverage@10",)
_BASELINE = {"als.ndcg@10": "popular.ndcg@10", "als.recall@10": "popular.recall@10"}


@dataclass(frozen=True)
class Card:
    """A number with its label, what to compare it with, and its change since the run before."""

    label: str
    value: str
    note: str
    change: str


def headline_cards(metrics: Mapping[str, float], previous: Mapping[str, float]) -> list[Card]:
    """Cards for the headline metrics that this run has."""
    return [
        Card(
            label=label,
            value=f"{metrics[name]:.1%}" if name in _SHARES else human(metrics[name]),
            note=_note(name, metrics),
            change=_change(metrics[name], previous.get(name)),
        )
        for name, label in _HEADLINES.items()
        if name in metrics
    ]


def human(value: float | int) -> str:
    """Whole numbers with separators, others with four significant digits."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _note(name: str, metrics: Mapping[str, float]) -> str:
    baseline = metrics.get(_BASELINE.get(name, ""))
    interval = metrics.get(f"{name}.ci95")
    parts = [f"± {interval:.2g}"] if interval else []
    parts += [f"{metrics[name] / baseline:.1f} times most-popular"] if baseline else []
    return ", ".join(parts)


def _change(now: float, before: float | None) -> str:
    if before is None:
        return ""
    if now == before:
        return "as before"
    if before == 0:
        return f"was 0, now {human(now)}"
    return f"{(now - before) / before:+.1%} since the run before"
