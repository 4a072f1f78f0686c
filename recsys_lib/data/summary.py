"""What 01_etl found and did, as a file that later steps and the report read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, write_json

_FILE = "summary.json"


def write_summary(folder: Path, summary: dict[str, Any]) -> None:
    """Store the summary of a dataset."""
    write_json(folder / _FILE, summary)


def read_summary(folder: Path) -> dict[str, Any]:
    """The summary: ``source, files, funnel, counts, fingerprint, timestamp_unit, metrics``."""
    if not (folder / _FILE).is_file():
        raise ArtifactError(
            f"{folder / _FILE} is not there: run the etl step first "
            "(python run_pipeline.py --steps etl, or notebooks/01_etl.ipynb)"
        )
    return read_json(folder / _FILE)
