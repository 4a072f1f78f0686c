"""What the feedback log costs: the service under load with and without it, and the log alone.

python benchmarks/bench_loop.py [DATASET] [SECONDS]     seconds of each load, 5 by default
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from _appliances import APPLIANCES, appliances
from _load import Load, load, open_models, require_generator, write_bodies
from _services import service

from recsys_lib import Recommender
from recsys_lib.loop import Event, ServedList, Shown, outcomes, read_events, read_shown, rotate
from recsys_lib.loop.records import utc_text
from recsys_lib.loop.store import connect, insert
from recsys_lib.serving.http.server import DATASET_VARIABLE, FEEDBACK_VARIABLE

_ROUTE, _N, _BODIES = "/matrix_factor/user", 10, 5_000
_CONNECTIONS, _WARM_SECONDS, _ROUNDS = 8, 3, 3
_LISTS, _EVENTS, _BATCH = 100_000, 1_000_000, 2_000
_SEED = 3


def main() -> None:
    """Print both parts."""
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
    """Write, move, read and join a million events."""
    generator, start = np.random.default_rng(_SEED), datetime.now(UTC) - timedelta(days=10)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        times = [utc_text(start + timedelta(seconds=8 * n)) for n in range(_LISTS)]
        lists = [
            ServedList(
                "v1",
                tuple(Shown(f"i{k}", k + 1, 1.0, "als") for k in range(_N)),
                list_id=f"l{n}",
                user_id=f"u{n % 30_000}",
                time=time,
            )
            for n, time in enumerate(times)
        ]
        owner = generator.integers(0, _LISTS, _EVENTS)
        item = generator.integers(0, _N, _EVENTS)
        events = [
            Event("click", f"i{i}", f"l{n}", event_id=f"e{k}", time=times[n])
            for k, (n, i) in enumerate(zip(owner.tolist(), item.tolist(), strict=True))
        ]
        connection = connect(folder)
        _timed("write", lambda: _write(connection, lists, events))
        connection.close()
        _timed("move to Parquet", lambda: rotate(folder))
        _timed("read and join", lambda: outcomes(read_shown(folder), read_events(folder)))


def _write(connection: sqlite3.Connection, lists: list[ServedList], events: list[Event]) -> None:
    for at in range(0, len(lists), _BATCH):
        insert(connection, lists[at : at + _BATCH])
    for at in range(0, len(events), _BATCH):
        insert(connection, [], [events[at : at + _BATCH]])


def _timed(name: str, work: Callable[[], object]) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    work()
    took, used = time.perf_counter() - started, time.process_time() - cpu
    print(f"  {_EVENTS:,} events and {_LISTS:,} lists: {name:<16} {took:5.1f} s, CPU {used:5.1f} s")


if __name__ == "__main__":
    main()
