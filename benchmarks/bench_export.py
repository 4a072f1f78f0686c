"""Lists for all users: `recsys export` compared with implicit's batch recommend, on one model.

The data is generated, by default at the size of Amazon's Appliances, and the model trained for a
few iterations. The export is timed as a whole, from opening the model to the Parquet file. implicit
ranks a random sample of the users in batches and writes nothing; its time is multiplied by
users / sample, since each user costs it the same. It runs threads on all cores with one BLAS thread
each, as its documentation recommends.

python benchmarks/bench_export.py [USERS] [SAMPLE]     defaults: 1690000 10000
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import polars as pl
from rich.console import Console
from threadpoolctl import threadpool_limits

from recsys_lib.als import AlsModel, train_als, write_als_part
from recsys_lib.columns import Exports
from recsys_lib.data.etl import load_dataset
from recsys_lib.parameters import AlsParameters, EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.serving.export import Export

_N = 10
_BATCH = 1000
_PARAMETERS = AlsParameters(factors=128, iterations=5, solver="exact")


def main() -> None:
    """Print the seconds of both and their ratio."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 1_690_000
    n_sample = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        _trained(Dataset.find("sample-500"))[1].run(
            "users", Console(quiet=True)
        )  # compiles kernels
        model, export = _trained(Dataset.find(f"sample-{users}"))
        print(
            f"{len(model.users):,} users, {len(model.items):,} items, "
            f"{model.user_items.nnz:,} ratings, {_PARAMETERS.factors} factors, top {_N}"
        )
        started, used = time.perf_counter(), time.process_time()
        (path,) = export.run("users")
        ours, cpu = time.perf_counter() - started, time.process_time() - used
        theirs, their_cpu, same = _implicit(model, path, min(n_sample, len(model.users)))
        print(f"recsys export, all users, with the file {ours:8.1f} s, CPU {cpu:8.1f} s")
        print(f"implicit's recommend, extrapolated      {theirs:8.1f} s, CPU {their_cpu:8.1f} s")
        ratios = f"ratio {theirs / ours:.1f}, of CPU time {their_cpu / cpu:.1f}"
        print(f"{ratios}; equal scores at {same:.4%} of the sample's ranks")


def _trained(dataset: Dataset) -> tuple[AlsModel, Export]:
    interactions = load_dataset(dataset, EtlParameters()).ratings.interactions()
    ids = interactions.items.series()
    display = pl.DataFrame({"id": ids, "title": ids, "image_url": [None] * len(ids)})
    write_als_part(
        dataset.version("bench") / "als",
        train_als(interactions, _PARAMETERS),
        interactions,
        display,
        parameters=_PARAMETERS,
        data_fingerprint="bench",
    )
    export = Export.from_version(dataset, "bench", _N, by="als")
    return AlsModel.load(export.version / "als"), export


def _implicit(model: AlsModel, path: Path, n_sample: int) -> tuple[float, float, float]:
    """Seconds for all users, those of the processors, and the share of ranks with our score."""
    library = model.model
    library.user_factors = model.fold_in.solve_many(model.user_items)
    random = np.random.default_rng(0)
    sample = np.sort(random.choice(len(model.users), n_sample, replace=False))
    batches = [sample[start : start + _BATCH] for start in range(0, n_sample, _BATCH)]
    scores = []
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started, used = time.perf_counter(), time.process_time()
        for batch in batches:
            rows = model.user_items[batch]
            scores.append(library.recommend(batch, rows, N=_N, filter_already_liked_items=True)[1])
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
    mine = pl.DataFrame({Exports.USER: list(model.users.ids(sample))})
    exported = mine.join(pl.read_parquet(path), on=Exports.USER, maintain_order="left_right")
    ours = exported[Exports.SCORE].to_numpy().reshape(-1, _N)
    same = np.isclose(ours, np.concatenate(scores), rtol=1e-3, atol=1e-6).mean()
    times = len(model.users) / n_sample
    return seconds * times, cpu * times, float(same)


if __name__ == "__main__":
    main()
