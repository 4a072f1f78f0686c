"""Log a run to an MLflow server (extra ``mlflow``): the only module that imports mlflow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from recsys_lib.errors import ParameterError, TrackingError
from recsys_lib.files import read_json
from recsys_lib.pipeline.runs.record import RECORD

URI_VARIABLE = "MLFLOW_TRACKING_URI"
_RUN_TAG = "recsys.run_id"
_STATUS = {"succeeded": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
_UNTRACKED = ".untracked"
"""In the folder of a run that the server did not take; its presence is all."""
_MOST_VALUE_CHARACTERS = 6000
# By default mlflow tries an unreachable server for minutes.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}


def check_tracking() -> None:
    """Check before a run that it can be logged.

    Raises ParameterError if mlflow is not installed, or no server is named or answers.
    """
    uri = os.environ.get(URI_VARIABLE, "")
    if not uri:
        raise ParameterError(f"--mlflow needs a server: export {URI_VARIABLE}=http://HOST:PORT")
    server = client()
    try:
        server.search_experiments(max_results=1)
    except failures() as error:
        raise ParameterError(f"MLflow at {shown(uri)} does not answer: {reason(error)}") from error


def track(run_folder: Path) -> str:
    """Log parameters, metrics, report and notebooks of a run; returns where they are.

    A resumed run is logged to the same place again. Raises TrackingError if the server refuses or
    is gone.
    """
    record, uri, server = read_json(run_folder / RECORD), os.environ[URI_VARIABLE], client()
    try:
        run = _log(server, record, run_folder)
    except failures() as error:
        raise TrackingError(
            f"run {record['run_id']} ({record['status']}) is recorded in {run_folder}, but MLflow "
            f"at {shown(uri)} refused it: {reason(error)}"
        ) from error
    (run_folder / _UNTRACKED).unlink(missing_ok=True)
    return f"{shown(uri)}, experiment {record['dataset']}, run {run}"


def keep_for_later(run_folder: Path) -> None:
    """Note that a run is still to be logged."""
    (run_folder / _UNTRACKED).touch()


def untracked(outputs: Path) -> list[Path]:
    """Folders of the runs that could not be logged, oldest first."""
    marks = outputs.glob(f"[!.]*/{_UNTRACKED}")
    return sorted((mark.parent for mark in marks if not mark.parent.is_symlink()), key=_age)


def _age(folder: Path) -> float:
    return folder.stat().st_mtime


def tracked_run(server: Any, run_folder: Path) -> str:
    """The id that MLflow gave a run, which is logged unless it was; errors are those of mlflow."""
    record = read_json(run_folder / RECORD)
    known = _known(server, _experiment(server, record), record)
    return known.info.run_id if known else _log(server, record, run_folder)


def _experiment(server: Any, record: dict[str, Any]) -> str:
    """The id of the experiment of a dataset, which is made unless it is there."""
    name = record["dataset"]
    found = server.get_experiment_by_name(name)
    return found.experiment_id if found else server.create_experiment(name)


def _known(server: Any, experiment: str, record: dict[str, Any]) -> Any:
    """What the server has of a run; None if nothing."""
    query = f"tags.`{_RUN_TAG}` = '{record['run_id']}'"
    return next(iter(server.search_runs([experiment], query, max_results=1)), None)


def _log(server: Any, record: dict[str, Any], folder: Path) -> str:
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415  # an extra

    experiment = _experiment(server, record)
    start, end = (_milliseconds(record[key]) for key in ("started_at", "finished_at"))
    run = _known(server, experiment, record) or server.create_run(
        experiment,
        start_time=start,
        run_name=record["run_id"],
        tags={_RUN_TAG: record["run_id"]},
    )
    run_id: str = run.info.run_id
    server.log_batch(
        run_id,
        metrics=[Metric(name, value, end, 0) for name, value in _metrics(record)],
        params=[Param(name, value) for name, value in _parameters(record["parameters"])],
        tags=[RunTag(name, value) for name, value in _tags(record).items()],
    )
    for path in (folder / RECORD, folder / "report.html", *sorted(folder.glob("*.ipynb"))):
        if path.is_file():
            server.log_artifact(run_id, str(path))
    server.set_terminated(run_id, _STATUS[record["status"]], end)
    return run_id


def _parameters(parameters: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in parameters.items():
        values = value if isinstance(value, dict) else {"": value}
        for field, one in values.items():
            text = str(one)
            if len(text) > _MOST_VALUE_CHARACTERS:
                text = f"{text[: _MOST_VALUE_CHARACTERS - 1]}…"
            yield ".".join(filter(None, (name, field))), text


def _metrics(record: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """MLflow allows no @ in names, so als.recall@10 becomes als.recall_at_10."""
    for name, value in record["metrics"].items():
        if value is not None:
            yield name.replace("@", "_at_"), float(value)
    for step in record["steps"]:
        if step["status"] == "executed":
            yield f"{step['name']}.seconds", step["seconds"]
            yield f"{step['name']}.peak_memory_mb", step["peak_memory_mb"]


def _tags(record: dict[str, Any]) -> dict[str, str]:
    return {
        "status": record["status"],
        "version": record["run_id"],
        "changed_parameters": ", ".join(record["changed_parameters"]),
        "git.commit": record["git"]["commit"] or "",
        "git.dirty": str(record["git"]["dirty"]),
    }


def client() -> Any:
    """A client of the server at $MLFLOW_TRACKING_URI; ParameterError without mlflow."""
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as error:
        raise ParameterError(
            "mlflow is not installed: pip install -c constraints.txt -e '.[mlflow]'"
        ) from error
    return MlflowClient(tracking_uri=os.environ[URI_VARIABLE])


def failures() -> tuple[type[Exception], ...]:
    """What a client raises where the server refuses or is gone."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415  # an extra
    from requests import RequestException  # noqa: PLC0415  # comes with mlflow

    return MlflowException, RequestException, OSError


def reason(error: Exception) -> str:
    """The first line of a message, without user names and passwords in addresses."""
    uri = os.environ[URI_VARIABLE]
    lines = str(error).replace(uri, shown(uri)).splitlines()
    return lines[0] if lines else type(error).__name__


def shown(uri: str) -> str:
    """An address without user name and password."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _milliseconds(moment: str) -> int:
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
