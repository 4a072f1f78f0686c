"""What is trained: data, models, versions and runs, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from recsys_lib import registry
from recsys_lib.errors import RecsysError
from recsys_lib.files import read_json
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.serving import Recommender

_MOST = 8
_RECALL = "recall@10"


def sentences(recommender: Recommender) -> list[str]:
    """The data, the models and how good they are, in words."""
    status = recommender.status()
    data, als = status["database"], status["matrix_factorization"]
    search = status["similarity_search"]
    said = [
        f"The data: {data['n_ratings']:,} ratings by {data['n_users']:,} people, and "
        f"{data['n_products']:,} products in the catalogue."
    ]
    if als["n_items"]:
        said.append(
            f"Matrix factorization knows {als['n_users']:,} people and {als['n_items']:,} products."
        )
    else:
        said.append("There are no ratings to learn from: products are compared by their texts.")
    if search["n_products"]:
        said.append(f"Search knows the texts of {search['n_products']:,} products.")
        if search.get("ready") == "static":
            said.append("It compares them word by word, by static vectors.")
    else:
        said.append("There is no search index: products are found by their titles alone.")
    return [*said, *_quality(recommender)]


def versions(dataset: Dataset) -> pd.DataFrame:
    """Versions, newest first: version, served, trained, parts, and recall@10 where measured."""
    served = registry.champion(dataset)
    rows = []
    for name in registry.published_versions(dataset):
        folder = dataset.version(name)
        record, metrics = _record(dataset, name), {}
        if record:
            metrics = record.get("metrics", {})
        trained = str(
            record.get("started_at") or registry.read_manifest(folder).get("published_at")
        )
        rows.append(
            {
                "version": name,
                "served": "served" if served is not None and served.name == name else "",
                "trained": trained[:16].replace("T", " "),
                "parts": ", ".join(p for p in registry.PARTS if registry.has_part(folder, p)),
                _RECALL: _recall(metrics),
            }
        )
    columns = ["version", "served", "trained", "parts", _RECALL]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("trained", ascending=False, ignore_index=True).head(_MOST)


def runs(dataset: Dataset) -> pd.DataFrame:
    """The last runs of a dataset, newest first: run, started, status and steps."""
    from recsys_lib.pipeline.runs import records_of  # noqa: PLC0415  # takes a while to import

    records = records_of(outputs_root(dataset.root), dataset.name)[:_MOST]
    rows = [
        {
            "run": record["run_id"],
            "started": str(record.get("started_at", ""))[:16].replace("T", " "),
            "status": record["status"],
            "steps": ", ".join(f"{step['name']} {step['status']}" for step in record["steps"]),
        }
        for record in records
    ]
    return pd.DataFrame(rows, columns=["run", "started", "status", "steps"])


def report(recommender: Recommender) -> Path | None:
    """The report of the run that trained a version; None where it was removed."""
    found = outputs_root(recommender.dataset.root) / recommender.version / "report.html"
    return found if recommender.version and found.is_file() else None


def _quality(recommender: Recommender) -> list[str]:
    record = _record(recommender.dataset, recommender.version)
    found = _recall(record.get("metrics", {}))
    if found is None:
        return []
    return [f"Of 100 purchases that were held out, {100 * found:.0f} are among the first ten."]


def _recall(metrics: Mapping[str, float | None]) -> float | None:
    return metrics.get(f"served.{_RECALL}", metrics.get(f"als.{_RECALL}"))


def _record(dataset: Dataset, version: str) -> dict[str, Any]:
    """The record of the run that trained a version; empty where it was removed or is damaged."""
    try:
        record = read_json(outputs_root(dataset.root) / version / "run.json")
    except (OSError, ValueError, RecsysError):
        return {}
    return record if version and isinstance(record, dict) else {}
