"""The champion in MLflow's Model Registry: a registered model for each dataset.

MLflow gets the manifest of a version, which names all files with their SHA-256, not the files
themselves: they stay in ``models/``, and can be gigabytes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from recsys_lib.errors import TrackingError
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.pipeline.runs.stored import records_of
from recsys_lib.pipeline.runs.tracking import (
    URI_VARIABLE,
    client,
    failures,
    reason,
    shown,
    tracked_run,
)
from recsys_lib.registry import MANIFEST, champion, read_history

CHAMPION_ALIAS = "champion"
_VERSION_TAG = "recsys.version"
_FOLDER = "version"
"""Of the run's artifacts, with the manifest."""
_ABOUT = "The alias champion leads to the version that is served; its files are not in MLflow."
_LONGEST_TAG = 5000


def register_champion(dataset: Dataset) -> str:
    """Register the version that is served, and let the alias ``champion`` lead to it.

    What is registered already is found again, so that this may be repeated, and makes up for
    changes that MLflow was not told of. Returns where it is; "" where nothing is served. Raises
    TrackingError if the server refuses or is gone, or the run of the version was removed.
    """
    served = champion(dataset)
    if served is None:
        return ""
    outputs = outputs_root(dataset.root)
    if served.name not in {record["run_id"] for record in records_of(outputs, dataset.name)}:
        raise TrackingError(
            f"version {served.name} is served, but not registered in MLflow: the record of its run "
            f"in {outputs / served.name} is damaged or was removed"
        )
    try:
        number = _register(client(), dataset, served, outputs / served.name)
    except failures() as error:
        raise TrackingError(
            f"version {served.name} is served, but MLflow at {shown(os.environ[URI_VARIABLE])} did "
            f"not register it: {reason(error)}"
        ) from error
    return f"model {dataset.name}, version {number}, alias {CHAMPION_ALIAS}"


def _register(server: Any, dataset: Dataset, served: Path, run_folder: Path) -> str:
    """The number that MLflow gives the version."""
    name = dataset.name
    if not server.search_registered_models(f"name = '{name}'"):
        server.create_registered_model(name, description=_ABOUT)
    query = f"name = '{name}' and tags.`{_VERSION_TAG}` = '{served.name}'"
    known = next(iter(server.search_model_versions(query)), None)
    if known is None:
        run = tracked_run(server, run_folder)
        server.log_artifact(run, str(served / MANIFEST), _FOLDER)
        tags = {_VERSION_TAG: served.name}
        known = server.create_model_version(name, f"runs:/{run}/{_FOLDER}", run, tags=tags)
    number: str = known.version
    for live in read_history(dataset).live(served.name)[-1:]:
        for tag, value in live.as_dict().items():
            if value is not None:
                server.set_model_version_tag(name, number, f"recsys.{tag}", value[:_LONGEST_TAG])
    server.set_registered_model_alias(name, CHAMPION_ALIAS, number)
    return number
