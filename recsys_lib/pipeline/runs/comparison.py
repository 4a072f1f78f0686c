"""Runs side by side: which parameters differ, what else does, and how the metrics changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib.errors import ParameterError, full_name
from recsys_lib.pipeline.runs.record import HEADLINES
from recsys_lib.pipeline.runs.stored import records_of
from recsys_lib.pipeline.settings import DATASET
from recsys_lib.pipeline.steps import VERSION
from recsys_lib.verdicts import independent_verdict

INTERVAL = ".ci95"
_DIFFERS = pl.concat_list(pl.all().exclude("name")).list.n_unique() > 1


@dataclass(frozen=True)
class Comparison:
    """Compare runs with the first of them.

    Parameters
    ----------
    records : sequence of mapping
        Contents of run.json; :meth:`from_names` and :meth:`from_newest` read them.

    Examples
    --------
    >>> def run(run_id, factors, ndcg):
    ...     metrics = {"als.ndcg@10": ndcg, "als.ndcg@10.ci95": 0.003}
    ...     parameters = {"dataset": "shop", "als": {"factors": factors}}
    ...     return {"run_id": run_id, "dataset": "shop", "status": "succeeded",
    ...             "parameters": parameters, "metrics": metrics}
    >>> comparison = Comparison([run("a", 64, 0.20), run("b", 128, 0.21)])
    >>> comparison.parameters().rows()
    [('als.factors', '64', '128')]
    >>> comparison.metric_table().rows()
    [('als.ndcg@10', '0.2000 ± 0.0030', '0.2100 ± 0.0030 better')]
    >>> comparison.summary("als.ndcg@10")
    'Run b has the highest als.ndcg@10: 0.2100 ± 0.0030.'
    """

    records: Sequence[Mapping[str, Any]]

    @classmethod
    def from_names(cls, outputs: Path, names: Sequence[str]) -> Comparison:
        """The runs with these ids; part of an id is enough if only one run has it.

        Raises ParameterError for a name that fits no run, or several.
        """
        records = {record["run_id"]: record for record in records_of(outputs)}
        return cls([records[full_name(name, list(records), "run")] for name in names])

    @classmethod
    def from_newest(cls, outputs: Path, dataset: str, n: int = 2) -> Comparison:
        """The n newest succeeded runs of a dataset, oldest first; all of them if there are fewer.

        Raises ParameterError if there is none.
        """
        done = [r for r in records_of(outputs, dataset) if r["status"] == "succeeded"]
        if not done:
            raise ParameterError(
                f"dataset {dataset!r} has no run that succeeded: run the pipeline, or name the runs"
            )
        return cls(done[:n][::-1])

    @property
    def run_ids(self) -> list[str]:
        """Ids of the runs, the columns of the tables."""
        return [record["run_id"] for record in self.records]

    def parameters(self) -> pl.DataFrame:
        """Parameters that differ: ``name``, and a column of texts for each run."""
        return self._rows(lambda record: _flat(record["parameters"])).filter(_DIFFERS)

    def other_differences(self) -> pl.DataFrame:
        """What else differs: input data, commit, Python, versions of packages."""
        return self._rows(_environment).filter(_DIFFERS)

    def metrics(self) -> pl.DataFrame:
        """One row for each run and metric: ``run, metric, value, ci95, change, verdict``.

        ``change`` is the difference from the first run. ``verdict`` is better, worse or within
        noise, for metrics with an interval, as
        :func:`recsys_lib.verdicts.independent_verdict` finds it. A run of another dataset has
        neither: its numbers cannot be compared.
        """
        first = self.records[0]
        schema = {
            "run": pl.String,
            "metric": pl.String,
            **dict.fromkeys(("value", "ci95", "change"), pl.Float64),
            "verdict": pl.String,
        }
        rows = [
            (record["run_id"], name, *_measured(name, record, first))
            for name in self._metric_names()
            for record in self.records
        ]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def metric_table(self, *, all_rows: bool = False) -> pl.DataFrame:
        """Metrics as texts, a column for each run; by default only those that differ."""
        if not self._metric_names():  # no run came as far as its metrics
            return self._rows(lambda _: {})
        table = self.metrics().with_columns(
            pl.struct("value", "ci95", "verdict").map_elements(_text, pl.String)
        )
        wide = table.pivot("run", index="metric", values="value").rename({"metric": "name"})
        return wide if all_rows else wide.filter(_DIFFERS)

    def overview(self, metrics: Sequence[str] = HEADLINES) -> pl.DataFrame:
        """One row for each run: its id, the parameters that differ, and these metrics."""
        varied = self.parameters()
        rows = []
        for record in self.records:
            values = zip(varied["name"], varied[record["run_id"]], strict=True)
            row = {"run": record["run_id"], **dict(values)}
            if any(other["status"] != "succeeded" for other in self.records):
                row["status"] = record["status"]
            measured = {name: _measured(name, record, record)[:2] for name in metrics}
            rows.append({**row, **{name: _number(*value) for name, value in measured.items()}})
        return pl.DataFrame(rows)

    def best(self, metric: str) -> str | None:
        """The run with the highest value of a metric; None when no run has it."""
        known = [r for r in self.records if r["metrics"].get(metric) is not None]
        return max(known, key=lambda r: r["metrics"][metric])["run_id"] if known else None

    def summary(self, metric: str) -> str:
        """Which run has the highest value, and which runs are within noise of it."""
        if len(self.records) == 1:
            return (
                f"There is only one run, {self.run_ids[0]}, and nothing to compare it with: run "
                "the pipeline once more, with another value of a parameter."
            )
        best = self.best(metric)
        if best is None:
            return f"No run has the metric {metric}."
        first = next(record for record in self.records if record["run_id"] == best)
        others = [record for record in self.records if record is not first]
        rows = Comparison([first, *others]).metrics().filter(metric=metric)
        value = _number(*rows.filter(run=best).select("value", "ci95").row(0))
        alike = rows.filter((pl.col("change") == 0) | (pl.col("verdict") == "within noise"))["run"]
        sentence = f"Run {best} has the highest {metric}: {value}."
        return sentence + (f" Within noise of it: {', '.join(alike)}." if len(alike) else "")

    def _metric_names(self) -> list[str]:
        names = dict.fromkeys(name for record in self.records for name in record["metrics"])
        return [name for name in names if not name.endswith(INTERVAL)]

    def _rows(self, facts: Callable[[Mapping[str, Any]], dict[str, str]]) -> pl.DataFrame:
        found = {record["run_id"]: facts(record) for record in self.records}
        names = list(dict.fromkeys(name for values in found.values() for name in values))
        columns = {run: [values.get(name, "-") for name in names] for run, values in found.items()}
        schema = dict.fromkeys(("name", *found), pl.String())
        return pl.DataFrame({"name": names, **columns}, schema=schema)


def _flat(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Names such as ``als.factors``, and values as texts."""
    flat = {DATASET: str(parameters[DATASET])}
    for section, values in parameters.items():
        if section != DATASET:
            flat |= {f"{section}.{name}": str(value) for name, value in values.items()}
    return flat


def _environment(record: Mapping[str, Any]) -> dict[str, str]:
    git, environment = record["git"], record["environment"]
    commit = (git["commit"] or "none")[:10] + (" with uncommitted changes" if git["dirty"] else "")
    inputs = {
        f"input {Path(file).name}": digest[:10]
        for step in record["steps"]
        for file, digest in step.get("cache_key", {}).get("inputs", {}).items()
        if not file.startswith(VERSION)
    }
    return {"commit": commit, "python": environment["python"], **environment["packages"], **inputs}


def _measured(
    name: str, record: Mapping[str, Any], first: Mapping[str, Any]
) -> tuple[float | None, float | None, float | None, str]:
    value, before = record["metrics"].get(name), first["metrics"].get(name)
    half, half_before = (r["metrics"].get(name + INTERVAL) for r in (record, first))
    comparable = record is not first and record["dataset"] == first["dataset"]
    if value is None or before is None or not comparable:
        return value, half, None, ""
    change = value - before
    if half is None or half_before is None:
        return value, half, change, ""
    return value, half, change, independent_verdict(change, half, half_before) if change else ""


def _number(value: float | None, half: float | None) -> str:
    if value is None:
        return "-"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:.4g}" if half is None else f"{value:.4f} ± {half:.4f}"


def _text(cell: Mapping[str, Any]) -> str:
    number = _number(cell["value"], cell["ci95"])
    return f"{number} {cell['verdict']}" if cell["verdict"] else number
