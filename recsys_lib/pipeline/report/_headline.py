"""The top of a report: its warnings, and the few numbers that matter most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from recsys_lib.pipeline.report._numbers import Metrics, human
from recsys_lib.verdicts import independent_verdict

_HEADLINES = {
    "served.ndcg@10": "nDCG@10 as served",
    "served.recall@10": "Recall@10 as served",
    "als.ndcg@10": "nDCG@10 of ALS",
    "als.recall@10": "Recall@10 of ALS",
    "als.coverage@10": "Catalogue coverage of ALS",
    "search.ndcg@10": "nDCG@10 of search",
    "search.known_titles.mrr": "MRR of search by title",
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
_DATA_WARNINGS = {
    "etl.rejected": "lines of the input were rejected.",
    "etl.reviewed_unknown_products": "rated items are missing from the catalogue.",
}
_INTERVAL = ".ci95"


@dataclass(frozen=True)
class Card:
    """A number with its label, its interval and baseline, and its change since the previous run.

    ``trend`` is set where more is better and the change is beyond noise.
    """

    label: str
    value: str
    note: str
    change: str
    trend: Literal["", "better", "worse"]


def warnings_of(record: Mapping[str, Any]) -> list[str]:
    """What to know before the numbers: doubtful results, gaps in the data, notes of the run."""
    metrics, warnings = record["metrics"], []
    popular = metrics.get("popular.ndcg@10")
    for model, name in (("served", "The served model"), ("als", "ALS")):
        value = metrics.get(f"{model}.ndcg@10")
        if value is not None and popular is not None and value <= popular:
            warnings.append(
                f"{name} is no better than recommending the most popular items: "
                f"nDCG@10 {human(value)} against {human(popular)}."
            )
    if record["git"]["dirty"]:
        warnings.append("The code had uncommitted changes: this run cannot be reproduced.")
    for name, sentence in _DATA_WARNINGS.items():
        if metrics.get(name):
            warnings.append(f"{human(metrics[name])} {sentence}")
    steps = [warning for step in record["steps"] for warning in step.get("warnings", [])]
    return [*warnings, *record.get("warnings", []), *steps]


def headline_cards(metrics: Metrics, previous: Metrics) -> list[Card]:
    """Cards for those headline metrics that this run has."""
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


def _known(metrics: Metrics) -> dict[str, float]:
    return {k: v for k, v in metrics.items() if v is not None and math.isfinite(v)}


def _note(name: str, metrics: Mapping[str, float]) -> str:
    interval = metrics.get(f"{name}{_INTERVAL}")
    baseline = metrics.get(_BASELINES.get(name, ""))
    parts = [f"± {interval:.2g}"] if interval else []
    if baseline:
        ratio = metrics[name] / baseline
        parts.append(f"{ratio:.1f} times most popular ({human(baseline)})")
    return "\n".join(parts)


def _change(now: float, before: float | None) -> str:
    if before is None:
        return ""
    if now == before:
        return "unchanged"
    if before == 0:
        return f"was 0, now {human(now)}"
    share = f"{(now - before) / abs(before):+.1%}"
    return "almost unchanged" if float(share[:-1]) == 0 else f"{share} since the previous run"


def _trend(
    name: str, now: Mapping[str, float], before: Mapping[str, float]
) -> Literal["", "better", "worse"]:
    """The verdict on a change, for metrics where more is better; "" within noise."""
    if name not in _BASELINES or name not in before:
        return ""
    halves = [metrics.get(f"{name}{_INTERVAL}", 0.0) for metrics in (now, before)]
    verdict = independent_verdict(now[name] - before[name], *halves)
    return "" if verdict == "within noise" else verdict
