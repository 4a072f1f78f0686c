"""Lists for all users: `recsys export` beside implicit's batch recommend, one model, one machine.

Data of Appliances size is generated, the model trained for a few iterations. The export is timed
whole, from opening the model to the Parquet file. implicit ranks a random sample of the users, in
batches, and its time is multiplied by users / sample: each user costs it the same. It has threads
for all cores and BLAS has one for each of them, as it asks for; nothing is written.

python benchmarks/bench_export.py [USERS] [SAMPLE]     1690000 and 10000 by default
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
from threadpoolctl import threadpool_limits

from recsys_lib.als import AlsModel, train_als, write_als_part
from recsys_lib.columns import Exports
from recsys_lib.data.etl import load_dataset
from recsys_lib.parameters import AlsParameters, EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.ranking import MaximumInnerProduct
from recsys_lib.serving.export import Export
from recsys_lib.serving.export._lists import user_queries

_N = 10
_BATCH = 1000
_PARAMETERS = AlsParameters(factors=128, iterations=5, solver="exact")


def main() -> None:
    """Print the seconds of both and their ratio."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 1_690_000
    n_sample = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        model, export = _trained(Dataset.find(f"sample-{users}"))
        _compile(model)
        print(
            f"{len(model.users):,} users, {len(model.items):,} items, "
            f"{model.user_items.nnz:,} ratings, {_PARAMETERS.factors} factors, top {_N}"
        )
        started = time.perf_counter()
        (path,) = export.run("users")
        ours = time.perf_counter() - started
        theirs, same = _implicit(model, path, min(n_sample, len(model.users)))
        print(f"recsys export, all users, with the file        {ours:8.1f} s")
        print(f"implicit's recommend, all users, extrapolated  {theirs:8.1f} s")
        print(f"ratio {theirs / ours:.1f}; equal scores in {same:.4%} of the sample's places")


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


def _compile(model: AlsModel) -> None:
    """Kernels are compiled once for a machine, and not in the time."""
    with tempfile.TemporaryDirectory() as scratch:
        queries = user_queries(model, Path(scratch))
        queries.best(MaximumInnerProduct.from_factors(model.model.item_factors), slice(0, 1), _N)


def _implicit(model: AlsModel, path: Path, n_sample: int) -> tuple[float, float]:
    """Seconds for all users, and the share of places where the export has the same score."""
    library = model.model
    library.user_factors = np.array(library.user_factors)
    random = np.random.default_rng(0)
    sample = np.sort(random.choice(len(model.users), n_sample, replace=False))
    batches = [sample[start : start + _BATCH] for start in range(0, n_sample, _BATCH)]
    scores = []
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        started = time.perf_counter()
        for batch in batches:
            rows = model.user_items[batch]
            scores.append(library.recommend(batch, rows, N=_N, filter_already_liked_items=True)[1])
        seconds = time.perf_counter() - started
    mine = pl.DataFrame({Exports.USER: list(model.users.ids(sample))})
    exported = mine.join(pl.read_parquet(path), on=Exports.USER, maintain_order="left_right")
    ours = exported[Exports.SCORE].to_numpy().reshape(-1, _N)
    same = np.isclose(ours, np.concatenate(scores), rtol=1e-3, atol=1e-6).mean()
    return seconds * len(model.users) / n_sample, float(same)


if __name__ == "__main__":
    main()
