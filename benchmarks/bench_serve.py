"""Serving: time of one recommendation by the blend, beside implicit's for the same user.

Takes the champion of a dataset that the pipeline has run on, the built-in sample by default, in one
process and with whatever threads the libraries take. implicit answers from the factors of the same
version: a list without candidate sources, reasons and titles.

python benchmarks/bench_serve.py [DATASET]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from recsys_lib import Recommender
from recsys_lib.errors import RecsysError
from recsys_lib.paths import SAMPLE

_USERS = 500
_WARM = 20
_N = 10
_SEED = 3


def main() -> None:
    """Print one line for each way to recommend."""
    dataset = sys.argv[1] if len(sys.argv) > 1 else SAMPLE
    try:
        recommender = Recommender.load(dataset=dataset)
    except RecsysError as error:
        raise SystemExit(f"{error}\nRun the pipeline first: python run_pipeline.py") from error
    if recommender.blend is None or recommender.als is None:
        raise SystemExit("this version has no blend: run the step evaluate")
    als, rng = recommender.als, np.random.default_rng(_SEED)
    rows = rng.integers(0, len(als.users), _USERS)
    users = als.users.ids(rows)
    used = ", ".join(recommender.blend.blend.used)
    print(f"{dataset}: {len(als.users):,} users, {len(recommender.blend.items):,} products")
    print(f"sources that are used: {used}")
    print("milliseconds for one user, 10 products")
    _report("recommend", lambda k: recommender.recommend(users[k], _N))
    items = [als.items.ids(als.user_items.indices[als.user_items.indptr[r] :][:5]) for r in rows]
    history = "recommend_for_history"
    _report(history, lambda k: recommender.recommend_for_history(list(items[k]), _N))
    model, user_items = als.model, als.user_items
    _report("implicit, one list", lambda k: model.recommend(rows[k], user_items[rows[k]], N=_N))


def _report(name: str, call: Callable[[int], object]) -> None:
    times = []
    for k in range(_USERS):
        started = time.perf_counter()
        call(k)
        times.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.quantile(times[_WARM:], [0.5, 0.99])
    print(f"  {name:<22} p50 {p50:7.2f}   p99 {p99:7.2f}", flush=True)


if __name__ == "__main__":
    main()
