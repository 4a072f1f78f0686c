"""The pipeline in Airflow, one task a step; copy this file to the DAG folder.

Each task is a run of the pipeline up to one step; the steps before it come from the cache, so that
a task that is tried again does only its own work. The last run serves what is not worse, and its
report is kept in ``$RECSYS_REPORTS``. Where a task fails, the message of the run is in its log.

Variables of the environment
----------------------------
RECSYS_CHECKOUT: folder of the project, with its ``.venv``; by default /srv/recommender.
RECSYS_CONFIG: configuration of the run; by default ``shop.yaml`` in the checkout.
RECSYS_REPORTS: folder for reports; by default ``outputs/reports`` in the checkout.
RECSYS_RETRIES: how often a task is tried again; by default 2.
RECSYS_ALERT: a command that gets the message of a failure as its last argument; none by default.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

CHECKOUT = Path(os.environ.get("RECSYS_CHECKOUT", "/srv/recommender"))
CONFIG = os.environ.get("RECSYS_CONFIG", "shop.yaml")
REPORTS = os.environ.get("RECSYS_REPORTS", str(CHECKOUT / "outputs" / "reports"))
ALERT = os.environ.get("RECSYS_ALERT", "")
STEPS = ("etl", "als", "embed")  # evaluation is part of the last run, which serves


def run(*options: str) -> str:
    """The command of one run; another run on the dataset is waited for."""
    command = [".venv/bin/python", "run_pipeline.py", "--config", CONFIG, "--wait", *options]
    return shlex.join(command)


def alert(context: Any) -> None:
    """Tell somebody that a task failed for the last time."""
    if ALERT:
        task = context["task_instance"]
        said = f"{task.dag_id}.{task.task_id} failed: {context.get('exception')}"
        subprocess.run([*shlex.split(ALERT), said], check=True, timeout=60)


def step(task_id: str, command: str) -> BashOperator:
    """A task in the checkout."""
    by = {"RECSYS_BY": "airflow"}
    return BashOperator(
        task_id=task_id, bash_command=command, cwd=str(CHECKOUT), env=by, append_env=True
    )


with DAG(
    dag_id="recommender",
    schedule="15 3 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": int(os.environ.get("RECSYS_RETRIES", "2")),
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=4),
        "on_failure_callback": alert,
    },
    doc_md=__doc__,
) as dag:
    tasks = [
        step(name, run("--steps", ",".join(STEPS[: place + 1]))) for place, name in enumerate(STEPS)
    ]
    serve = step("evaluate_and_serve", run())
    # A file name that no other run has; the report is one file that needs no other.
    keep = step(
        "keep_report",
        f"mkdir -p {shlex.quote(REPORTS)} && "
        'cp "${RECSYS_HOME:-.}/outputs/latest/report.html" '
        f"{shlex.quote(REPORTS)}/report-{{{{ ts_nodash }}}}.html",
    )
    for before, after in zip([*tasks, serve], [*tasks[1:], serve, keep], strict=True):
        before >> after
