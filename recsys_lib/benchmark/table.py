"""The rows of a run among the published ones, and what a reader must know about them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from recsys_lib.benchmark.differences import changed, differences
from recsys_lib.benchmark.run import WITHOUT_POPULARITY, BenchmarkRun
from recsys_lib.benchmark.sets import K
from recsys_lib.blend import BLEND
from recsys_lib.blend.sources import POPULAR, RECENT
from recsys_lib.display.lines import duration

_OURS = "this run"
_MARK = "> "
_METRICS = ("recall", "ndcg")


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Parameters
    ----------
    model: its name.
    recall, ndcg: at 10.
    source: where the numbers come from.
    roles: ``served``, ``best single source on validation``; none for most models.
    intervals: lowest and highest value of the 95 % interval by metric; None for other runs.
    """

    model: str
    recall: float
    ndcg: float
    source: str
    roles: tuple[str, ...] = ()
    intervals: dict[str, tuple[float, float]] | None = None

    @property
    def ours(self) -> bool:
        """Whether it comes from this run."""
        return self.intervals is not None

    @property
    def label(self) -> str:
        """The name as shown, marked where it is ours."""
        roles = f" ({', '.join(self.roles)})" if self.roles else ""
        return f"{_MARK if self.ours else ''}{self.model}{roles}"

    def cell(self, metric: str) -> str:
        """A value as text, with half the width of its interval where it is known."""
        value = f"{getattr(self, metric):.4f}"
        if self.intervals is None:
            return value
        low, high = self.intervals[metric]
        return f"{value} ± {(high - low) / 2:.4f}"


def rows(run: BenchmarkRun) -> list[Row]:
    """All rows, the best nDCG@10 first."""
    theirs = [
        Row(result.model, result.recall, result.ndcg, result.source.name)
        for result in run.benchmark.results
    ]
    ours = [_own_row(run, model) for model in run.evaluation.models]
    return sorted(theirs + ours, key=lambda row: -row.ndcg)


def _own_row(run: BenchmarkRun, model: str) -> Row:
    found = run.evaluation.results.filter(k=K, model=model)
    values, intervals = {}, {}
    for metric in _METRICS:
        (row,) = found.filter(metric=metric).iter_rows(named=True)
        values[metric], intervals[metric] = row["value"], (row["low"], row["high"])
    roles = ["served"] if model == run.evaluation.served else []
    roles += ["best single source on validation"] if model == run.best_source else []
    return Row(model, **values, source=_OURS, roles=tuple(roles), intervals=intervals)


def table(run: BenchmarkRun) -> pl.DataFrame:
    """The rows as text: model, HR@10 or recall@10, nDCG@10, source."""
    recall = run.benchmark.recall_name
    return pl.DataFrame(
        [
            {
                "model": row.label,
                recall: row.cell("recall"),
                f"nDCG@{K}": row.cell("ndcg"),
                "source": row.source,
            }
            for row in rows(run)
        ]
    )


def timing(run: BenchmarkRun) -> str:
    """How long it took, on what."""
    seconds = run.seconds
    return (
        f"{duration(seconds.total)} on {run.machine}: reading {duration(seconds.reading)}, "
        f"training and all choices {duration(seconds.training)}, test "
        f"{duration(seconds.evaluation)}"
    )


def popularity(run: BenchmarkRun) -> str:
    """What popularity adds to the served blend, and why part of it may not be real."""
    gain = run.popularity_gain()
    core = run.benchmark.k_core
    if gain is None and run.learned.served_weights.coefficients.keys() <= {POPULAR, RECENT}:
        text = "Nothing but popularity is served."
    elif gain is None:
        text = "Popularity has no weight in what is served."
    else:
        with_it, without = (
            run.evaluation.value(name, "ndcg", K) for name in (BLEND, WITHOUT_POPULARITY)
        )
        text = (
            f"nDCG@{K} of the served blend is {with_it:.4f} with popularity and trend among its "
            f"sources and {without:.4f} without: {gain.mean:+.4f}, {gain.verdict}."
        )
    if not core:
        return text
    return (
        f"{text} The data are filtered to users and items with {core} interactions or more ({core}-"
        "core), so an item that is rare in training has the rest of them in the held-out parts. A "
        "model of popularity can learn that leak, and in a shop it is worth nothing."
    )


def references(run: BenchmarkRun) -> list[str]:
    """``name: reference`` of each source of the rows."""
    sources = dict.fromkeys(result.source for result in run.benchmark.results)
    return [f"{source.name}: {source.reference}" for source in sources]


def as_json(run: BenchmarkRun) -> dict[str, Any]:
    """All of it, for other programs."""
    gain = run.popularity_gain()
    return {
        "benchmark": run.benchmark.name,
        "title": run.benchmark.title,
        "protocol": run.benchmark.protocol,
        "set_by_hand": changed(run),
        "data": {**asdict(run.data.size), "dropped": run.data.dropped, "files": run.data.files},
        "parameters": {
            "evaluate": run.parameters.model_dump(),
            "als": run.chosen.parameters.model_dump(),
        },
        "served": run.evaluation.served,
        "best_source": run.best_source,
        "validation": run.learned.validation,
        "rows": [{**asdict(row), "ours": row.ours} for row in rows(run)],
        "popularity": None if gain is None else {**asdict(gain), "verdict": gain.verdict},
        "seconds": asdict(run.seconds),
        "machine": asdict(run.machine),
        "differences": differences(run),
        "references": references(run),
    }
