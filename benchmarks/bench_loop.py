"""What the feedback log costs: the service under load with and without it, and the log alone.

python benchmarks/bench_loop.py [DATASET] [SECONDS]     seconds of each load, 5 by default
python benchmarks/bench_loop.py log                     the log alone, up to the monitor's page
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np
from _appliances import APPLIANCES, appliances
from _load import Load, load, open_models, require_generator, write_bodies
from _services import service

from recsys_lib import Recommender
from recsys_lib.errors import EXIT_LOOK, EXIT_OK, EXIT_RETRAIN
from recsys_lib.loop import Event, ServedList, Shown, rotate
from recsys_lib.loop.records import utc_text
from recsys_lib.loop.store import connect, insert
from recsys_lib.paths import Dataset
from recsys_lib.serving.http.server import DATASET_VARIABLE, FEEDBACK_VARIABLE

_ROUTE, _N, _BODIES = "/matrix_factor/user", 10, 5_000
_CONNECTIONS, _WARM_SECONDS, _ROUNDS = 8, 3, 4
_LISTS, _EVENTS, _BATCH = 300_000, 1_000_000, 2_000
_ITEMS, _SEED = 1_000, 3
_SMALL = "sample-2000"  # the data that are looked at beside the log


def main() -> None:
    """Print both parts."""
    if sys.argv[1:] == ["log"]:
        _log_alone()
        return
    require_generator()
    dataset = sys.argv[1] if len(sys.argv) > 1 else APPLIANCES
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    recommender = appliances() if dataset == APPLIANCES else Recommender.load(dataset=dataset)
    _service(recommender, dataset, seconds)
    _log_alone()


def _service(recommender: Recommender, dataset: str, seconds: int) -> None:
    als = recommender.als
    assert als is not None
    rows = np.random.default_rng(_SEED).integers(0, len(als.users), _BODIES)
    del recommender  # the services need the memory
    with tempfile.TemporaryDirectory() as name:
        bodies = Path(name) / "bodies.jsonl"
        write_bodies(bodies, [{"user_id": user, "n": _N} for user in als.users.ids(rows)])
        measured: dict[str, list[Load]] = {"off": [], "on": []}
        for _ in range(_ROUNDS):  # alternating, so that a busy machine slows both
            for feedback, loads in measured.items():
                environment = {DATASET_VARIABLE: dataset, FEEDBACK_VARIABLE: feedback}
                ours = ["--factory", "recsys_lib.serving:app"]
                with service(ours, environment, 1, "/ready", Path(name) / "log") as running:
                    open_models(running.url, _ROUTE, bodies, _CONNECTIONS)
                    load(running.url, _ROUTE, bodies, _CONNECTIONS, _WARM_SECONDS)
                    loads.append(load(running.url, _ROUTE, bodies, _CONNECTIONS, seconds))
    print(f"{_ROUTE}, {_CONNECTIONS} connections, medians of {_ROUNDS}")
    for feedback, loads in measured.items():
        per_second, p50, p99 = (
            float(np.median([getattr(one, name) for one in loads]))
            for name in ("per_second", "p50", "p99")
        )
        failed = sum(one.failed for one in loads)
        print(
            f"  feedback {feedback:<3} {per_second:6.0f} a second   p50 {p50:6.1f}   "
            f"p99 {p99:6.1f} ms   {failed} failed"
        )


def _log_alone() -> None:
    """Write and move a million events, and look at them as ``recsys monitor`` does."""
    start = datetime.now(UTC) - timedelta(days=30)
    with tempfile.TemporaryDirectory() as name:
        dataset = Dataset.find(_SMALL, Path(name))
        times = [utc_text(start + timedelta(seconds=8 * n)) for n in range(_LISTS)]
        connection = connect(dataset.feedback)
        _timed("write", lambda: _write(connection, _lists(times), _events(times)))
        connection.close()
        _timed("move to Parquet", lambda: rotate(dataset.feedback))
        _recsys(name, "run", "--quiet", "--steps", "etl", "--set", f"dataset={_SMALL}")
        _timed("monitor's page", lambda: _recsys(name, "monitor", "--dataset", _SMALL))
        # In kilobytes; of the largest process: one reads for the verdict, then one for the page.
        largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        print(f"  largest process of the last two: {largest:.2f} GB")


def _lists(times: list[str]) -> Iterator[ServedList]:
    generator = np.random.default_rng(_SEED)
    for n, served_at in enumerate(times):
        items = generator.integers(0, _ITEMS, _N).tolist()
        shown = tuple(Shown(f"i{item}", k + 1, 1.0, "als") for k, item in enumerate(items))
        yield ServedList(
            "v1", shown, question=f"u{n % 30_000}", user_id=f"u{n % 30_000}", time=served_at
        )


def _events(times: list[str]) -> Iterator[Event]:
    """Clicks of people, who name no list."""
    generator = np.random.default_rng(_SEED)
    owner = generator.integers(0, _LISTS, _EVENTS).tolist()
    item = generator.integers(0, _ITEMS, _EVENTS).tolist()
    for n, i in zip(owner, item, strict=True):
        yield Event("click", f"i{i}", user_id=f"u{n % 30_000}", time=times[n])


def _recsys(home: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "recsys_lib.cli", *arguments],
        env=os.environ | {"RECSYS_HOME": home},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in (EXIT_OK, EXIT_LOOK, EXIT_RETRAIN):
        raise RuntimeError(f"recsys {' '.join(arguments)} ended with {done.returncode}")


def _write(
    connection: sqlite3.Connection, lists: Iterator[ServedList], events: Iterator[Event]
) -> None:
    while some := list(islice(lists, _BATCH)):
        insert(connection, some)
    while happened := list(islice(events, _BATCH)):
        insert(connection, [], [happened])


def _timed(name: str, work: Callable[[], object]) -> None:
    started, cpu = time.perf_counter(), _processor_seconds()
    work()
    took, used = time.perf_counter() - started, _processor_seconds() - cpu
    print(f"  {_EVENTS:,} events and {_LISTS:,} lists: {name:<16} {took:5.1f} s, CPU {used:5.1f} s")


def _processor_seconds() -> float:
    """Of this process and the ones that it waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


if __name__ == "__main__":
    main()
