"""Whether runs get better or worse over time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from recsys_lib.display.plotting import COLORS, Plot, figure
from recsys_lib.pipeline.runs.comparison import INTERVAL
from recsys_lib.pipeline.runs.stored import records_of

SERVED, POPULAR = "served.ndcg@10", "popular.ndcg@10"
_COLUMNS = {
    SERVED: "nDCG@10",
    SERVED + INTERVAL: "±",
    POPULAR: "nDCG@10 of popular items",
    "served.recall@10": "recall@10",
    "etl.kept": "ratings",
}
_NEWEST = 20


def quality_over_runs(outputs: Path, dataset: str) -> pl.DataFrame:
    """The metrics of the newest runs of a dataset that succeeded, oldest first.

    Returns
    -------
    polars.DataFrame
        Columns run, started, nDCG@10 as served, half its 95 % interval, nDCG@10 of the most popular
        items, recall@10 as served, and ratings; null where a run has not measured it.
    """
    done = [r for r in records_of(outputs, dataset) if r["status"] == "succeeded"]
    measured = [r for r in done if r["metrics"].get(SERVED) is not None][:_NEWEST][::-1]
    schema: dict[str, pl.DataType] = {
        "run": pl.String(),
        "started": pl.Datetime("us", "UTC"),
        **dict.fromkeys(_COLUMNS.values(), pl.Float64()),
        _COLUMNS["etl.kept"]: pl.Int64(),
    }
    rows = [
        (
            record["run_id"],
            datetime.fromisoformat(record["started_at"]),
            *(record["metrics"].get(name) for name in _COLUMNS),
        )
        for record in measured
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def quality_plot(table: pl.DataFrame) -> Plot | None:
    """nDCG of the served models over time, with 95 % intervals; None for fewer than two runs."""
    if len(table) < 2:  # a line needs two points
        return None
    plot, axes = figure("Quality over runs", xlabel="run, oldest first", ylabel="nDCG@10")
    at = range(len(table))
    served, popular = (table[_COLUMNS[name]] for name in (SERVED, POPULAR))
    half = table[_COLUMNS[SERVED + INTERVAL]].fill_null(0.0)
    axes.errorbar(at, served, half, fmt="o-", color=COLORS[0], capsize=3, label="as served")
    axes.plot(at, popular, "o--", color=COLORS[5], label="most popular items")
    axes.set_xticks(list(at), [time.strftime("%m-%d %H:%M") for time in table["started"]])
    axes.tick_params(axis="x", rotation=45)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=9)
    return plot
