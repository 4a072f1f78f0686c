"""How long 20,000 new events take from their file to changed answers of a service.

python benchmarks/bench_update.py [EVENTS]     20,000 by default, a fifth of them of new users

Works on a copy of the dataset of the size of Amazon Appliances, as hard links where files are
replaced and not changed.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from _appliances import APPLIANCES, appliances, run_pipeline, use_home

from recsys_lib.als import AlsModel
from recsys_lib.files import link_or_copy
from recsys_lib.paths import DATABASE_FILE, HOME_VARIABLE, ROWS_FILE, Dataset
from recsys_lib.registry import ALS_PART, require_champion
from recsys_lib.serving.http.service import Service
from recsys_lib.updating import update

_EVENTS, _OF_NEW_USERS, _SEED = 20_000, 0.2, 3
_DAY = 86_400_000  # milliseconds
T = TypeVar("T")


def main() -> None:
    """Print the time of each stage."""
    n_events = int(sys.argv[1]) if len(sys.argv) > 1 else _EVENTS
    home = use_home()
    appliances()
    if not (Dataset.find(APPLIANCES).processed / ROWS_FILE).is_file():
        run_pipeline("etl")
    with tempfile.TemporaryDirectory(dir=home) as name:
        root = Path(name)
        _copy(Dataset.find(APPLIANCES), root)
        os.environ[HOME_VARIABLE] = str(root)
        dataset = Dataset.find(APPLIANCES, root)
        events = root / "events.jsonl"
        user = _write_events(dataset, events, n_events)
        service = Service(dataset)
        service.require()
        started = time.perf_counter()
        found = _timed("update", lambda: update(dataset, events))
        assert found.applied is not None
        answer = _timed("open and answer", lambda: service.require().recommend(user, 10))
        took = time.perf_counter() - started
    print(f"  {found.applied.n_pairs:,} interactions to {len(answer)} items for a new user", end="")
    print(f": {took:.1f} s")


def _copy(dataset: Dataset, root: Path) -> None:
    """What an update reads and replaces; the database is changed in place, so it is copied."""
    for source in (dataset.processed, dataset.models, dataset.updates):
        target = root / source.relative_to(dataset.root)
        if source.is_dir():
            shutil.copytree(source, target, copy_function=link_or_copy)
    database = root / dataset.processed.relative_to(dataset.root) / DATABASE_FILE
    database.unlink()
    shutil.copy2(dataset.database, database)
    (root / dataset.raw.relative_to(dataset.root)).mkdir(parents=True)


def _write_events(dataset: Dataset, path: Path, n: int) -> str:
    """Events of old and new users with items by their popularity; one of the new users."""
    rng, als = np.random.default_rng(_SEED), AlsModel.load(require_champion(dataset) / ALS_PART)
    n_new = int(n * _OF_NEW_USERS)
    new = [f"new-user-{number}" for number in rng.integers(0, max(n_new // 2, 1), n_new)]
    old = als.users.ids(rng.integers(0, len(als.users), n - n_new))
    items = als.items.ids(als.user_items.indices[rng.integers(0, als.user_items.nnz, n)])
    pl.DataFrame(
        {
            "user_id": [*new, *old],
            "parent_asin": items,
            "rating": rng.integers(1, 6, n).astype(float),
            "timestamp": int(1000 * time.time()) - rng.integers(0, _DAY, n),
        }
    ).write_ndjson(path)
    return new[0]


def _timed(name: str, work: Callable[[], T]) -> T:
    started, cpu = time.perf_counter(), time.process_time()
    found = work()
    took, used = time.perf_counter() - started, time.process_time() - cpu
    print(f"  {name:<16} {took:5.1f} s, CPU {used:5.1f} s", flush=True)
    return found


if __name__ == "__main__":
    main()
