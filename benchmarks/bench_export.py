"""Lists for all users: `recsys export` beside implicit's batch recommend, on one model.

The model is that of `_appliances.py`, of the size of Amazon's Appliances. Each export is timed in a
process of its own, from opening the model to the Parquet file, CPU time with the imports: as
served, by ALS alone, and with --changed-since a version that lacks 1 % of the interactions.
implicit ranks a random sample of the users in batches, by ALS alone, and writes nothing; its time
is multiplied by users / sample, since each user costs it the same. It runs threads on all cores
with one BLAS thread each, as its documentation recommends.

python benchmarks/bench_export.py [SAMPLE]     default: 10000
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from _appliances import APPLIANCES, appliances, use_home
from _machine import Machine
from _timing import in_a_process
from rich.console import Console
from threadpoolctl import threadpool_limits

from recsys_lib.als import AlsModel, train_als, write_als_part
from recsys_lib.columns import Exports
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry import require_champion
from recsys_lib.serving.export import FOR_USERS, Export

_N, _BATCH, _COMPARED = 10, 1000, 100
_EARLIER_SHARE = 0.99
_TASKS = {
    "served": "recsys export, as served",
    "als": "recsys export --by als",
    "since": "recsys export --changed-since, 1 % new",
}
_PEER = "implicit's recommend, ALS alone, extrapolated"


def main() -> None:
    """Print seconds, CPU seconds and peak memory of each."""
    sample = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    use_home()
    machine = Machine.measured()
    # Nothing large may be in this process: the peak memory of its children begins with its own.
    with tempfile.TemporaryDirectory() as folder:
        print(in_a_process(__file__, "prepare", folder), end="", flush=True)
        for task, title in _TASKS.items():
            cost = json.loads(in_a_process(__file__, task, folder))
            print(f"{title:<46} {_text(cost)}", flush=True)
        print(in_a_process(__file__, "compare", folder), end="", flush=True)
    cost, share, operations = json.loads(in_a_process(__file__, "peer", str(sample)))
    print(
        f"{_PEER:<46} {_text(cost)} (from {share:.1%} of the users, without a file; "
        f"{machine.multiplying(operations, cost[0])})"
    )


def _text(cost: list[float]) -> str:
    return f"{cost[0]:7.1f} s, CPU {cost[1]:7.1f} s, {cost[2]:6,.0f} MB"


def _run(task: str, argument: str) -> None:
    """One of the tasks, in a process of its own."""
    if task == "prepare":
        _prepare(Path(argument))
    elif task == "compare":
        _compare(Path(argument) / "served" / FOR_USERS)
    elif task == "peer":
        _implicit(int(argument))
    else:
        _export(task, Path(argument))


def _export(task: str, folder: Path) -> None:
    started, dataset = time.perf_counter(), Dataset.find(APPLIANCES)
    export = Export(dataset, require_champion(dataset), _N, folder / task)
    if task == "als":
        export = replace(export, by="als")
    if task == "since":
        export = replace(export, changed_since=folder / "earlier")
    export.run("users", Console(quiet=True))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([time.perf_counter() - started, time.process_time(), memory]))


def _prepare(folder: Path) -> None:
    """Train where needed, and an ALS part without the newest of the interactions."""
    models = appliances()
    als, every = models.require_als(), Interactions.load(models.dataset.processed)
    print(
        f"{len(als.users):,} users, {len(models.items):,} items, {als.user_items.nnz:,} ratings, "
        f"{als.parameters.factors} factors, top {_N}; load {os.getloadavg()[0]:.1f}"
    )
    border = np.quantile(every.timestamp, _EARLIER_SHARE)
    before = every.select(every.timestamp <= border)
    parameters = AlsParameters(factors=als.parameters.factors, iterations=1)
    write_als_part(
        folder / "earlier" / "als",
        train_als(before, parameters),
        before,
        als.display,
        parameters=parameters,
        data_fingerprint="bench",
    )


def _compare(path: Path) -> None:
    """Whether the lists in a file are those that single users get."""
    models = appliances()
    users = models.require_als().users
    chosen = np.random.default_rng(0).choice(len(users), _COMPARED, replace=False)
    ids = users.ids(np.sort(chosen)).tolist()
    exported = pl.scan_parquet(path).filter(pl.col(Exports.USER).is_in(ids)).collect()
    lists = exported.partition_by(Exports.USER, as_dict=True)
    equal = sum(
        lists[(user,)][Exports.ITEM].to_list() == models.recommend(user, _N)["item_id"].tolist()
        for user in ids
    )
    print(f"{equal} of {_COMPARED} lists are those of Recommender.recommend, item by item")


def _implicit(n_sample: int) -> None:
    """What implicit takes for all users, by a sample of them, and the operations of all scores."""
    als = AlsModel.load(require_champion(Dataset.find(APPLIANCES)) / "als")
    random = np.random.default_rng(0)
    sample = np.sort(random.choice(len(als.users), min(n_sample, len(als.users)), replace=False))
    rows, library = als.user_items[sample], als.model
    library.user_factors = als.fold_in.solve_many(rows)
    with _times(len(als.users) / len(sample)) as cost:
        for start in range(0, len(sample), _BATCH):
            some = np.arange(start, min(start + _BATCH, len(sample)))
            library.recommend(some, rows[some], N=_N, filter_already_liked_items=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    operations = 2.0 * len(als.users) * library.item_factors.size
    print(json.dumps([[*cost, memory], len(sample) / len(als.users), operations]))


@contextmanager
def _times(factor: float) -> Iterator[list[float]]:
    """Seconds and CPU seconds of a block, times a factor; there when it has ended."""
    cost: list[float] = []
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started, used = time.perf_counter(), time.process_time()
        yield cost
        cost += [(time.perf_counter() - started) * factor, (time.process_time() - used) * factor]


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("--"):
        _run(sys.argv[1].removeprefix("--"), sys.argv[2])
    else:
        main()
