"""The summary of 01_etl, which later steps and the report read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, write_json
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import SUMMARY_FILE

if TYPE_CHECKING:
    from recsys_lib.data.loaded import Loaded

_NO_MATTER = {"mode", "engine", "spark", "folder"}
"""Parameters that change no result."""


def summarize(loaded: Loaded) -> dict[str, Any]:
    """The summary of a loaded dataset, ready for JSON."""
    counts, ties = loaded.counts(), loaded.ties
    shares = {"tied_share": ties.share, "tied_neighbours_share": ties.pair_share}
    return {
        "dataset": loaded.dataset.name,
        "source": loaded.inputs.layout,
        "files": loaded.files,
        "product_files": [loaded.inputs.place(path) for path in loaded.inputs.products],
        "review_columns": {
            ours: list(names) for ours, names in loaded.inputs.review_fields.items()
        },
        "text_form": loaded.inputs.form.given(),
        "reading": loaded.reading,
        "timestamp_unit": loaded.ratings.timestamp_unit,
        "has_ratings": loaded.ratings.has_ratings,
        "funnel": loaded.funnel(),
        "counts": counts,
        "unreadable": loaded.unreadable(),
        "sayings": loaded.inputs.sayings(),
        "events": loaded.events,
        "parameters": loaded.parameters.model_dump(exclude=_NO_MATTER),
        "updates": dict(loaded.updates),
        "fingerprint": data_fingerprint(loaded.files, loaded.updates, loaded.parameters),
        "metrics": {f"etl.{name}": value for name, value in {**counts, **shares}.items()},
    }


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    """Store the summary of a dataset in its folder."""
    write_json(folder / SUMMARY_FILE, summary)


def read_summary(folder: Path) -> dict[str, Any]:
    """Read what :func:`write_summary` wrote; ArtifactError when 01_etl has not run yet."""
    if not (folder / SUMMARY_FILE).is_file():
        raise ArtifactError(
            f"{folder / SUMMARY_FILE} is missing: run the etl step first "
            "(python run_pipeline.py --steps etl, or notebooks/01_etl.ipynb)"
        )
    return read_json(folder / SUMMARY_FILE)


def data_fingerprint(
    files: list[dict[str, str]], updates: Mapping[str, str], parameters: EtlParameters
) -> str:
    """SHA-256 over file contents, updates and parameters.

    How and where the files are read does not count: it changes no result.
    """
    facts: list[Any] = [[file["sha256"] for file in files]]
    facts += [dict(updates)] if updates else []
    facts.append(parameters.model_dump(exclude=_NO_MATTER))
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
