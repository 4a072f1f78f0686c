"""Serving: one list in process, and requests over HTTP under load, beside the usual recipe.

By default at the size of Amazon Appliances; that dataset is generated and trained once, see
_appliances.py.

wrk sends random users, items and queries of the catalogue. It runs on the same machine, which takes
a little of the processor; so CPU time per answer is given beside the wall-clock figures.

python benchmarks/bench_serve.py [DATASET] [SECONDS]     seconds of each load, 5 by default
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _appliances import APPLIANCES, appliances, pieces_of_titles
from _load import load, open_models, require_generator, write_bodies
from _services import PEER_VERSION, Running, service

from recsys_lib import Recommender
from recsys_lib.errors import RecsysError
from recsys_lib.serving.http.server import DATASET_VARIABLE

_USERS, _WARM, _N = 500, 20, 10
_BODIES = 5_000
_CONNECTIONS, _WORKERS = (1, 8, 32), (1, 2)
_WARM_SECONDS = 3
_SEED = 3


def main() -> None:
    """Print both tables."""
    require_generator()
    dataset = sys.argv[1] if len(sys.argv) > 1 else APPLIANCES
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    recommender = appliances() if dataset == APPLIANCES else _open(dataset)
    if recommender.blend is None or recommender.als is None or recommender.product_search is None:
        raise SystemExit("this version lacks a blend or a search index: run the whole pipeline")
    _in_process(recommender)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        routes = _questions(recommender, folder)
        environment = {DATASET_VARIABLE: dataset}
        version = recommender.dataset.version(recommender.version)
        del recommender  # the services need the memory
        for workers in _WORKERS:
            ours = ["--factory", "recsys_lib.serving:app"]
            with service(ours, environment, workers, "/ready", folder / "log") as running:
                _under_load(f"ours, {workers} worker(s)", running, routes, seconds)
            theirs, place = ["_peer:app"], {PEER_VERSION: str(version)}
            theirs += ["--app-dir", str(Path(__file__).parent)]
            with service(theirs, place, workers, "/openapi.json", folder / "log") as running:
                _under_load(f"usual recipe, {workers} worker(s)", running, routes, seconds)


def _open(dataset: str) -> Recommender:
    try:
        return Recommender.load(dataset=dataset)
    except RecsysError as error:
        raise SystemExit(f"{error}\nRun the pipeline first: python run_pipeline.py") from error


def _in_process(recommender: Recommender) -> None:
    """One list after another, with whatever threads the libraries take."""
    als, blend = recommender.als, recommender.blend
    assert als is not None
    assert blend is not None
    rows = np.random.default_rng(_SEED).integers(0, len(als.users), _USERS)
    users = als.users.ids(rows)
    print(
        f"{len(als.users):,} users, {len(blend.items):,} products, {als.user_items.nnz:,} ratings"
    )
    print(f"sources that are used: {', '.join(blend.blend.used)}")
    print("milliseconds for one user, 10 products, in process")
    _report("recommend", lambda k: recommender.recommend(users[k], _N))
    items = [als.items.ids(als.user_items.indices[als.user_items.indptr[r] :][:5]) for r in rows]
    history = "recommend_for_history"
    _report(history, lambda k: recommender.recommend_for_history(list(items[k]), _N))
    model, user_items = als.model, als.user_items
    model.user_factors = als.fold_in.solve_many(user_items)  # implicit keeps them
    _report("implicit, one list", lambda k: model.recommend(rows[k], user_items[rows[k]], N=_N))
    model.user_factors = None


def _report(name: str, call: Callable[[int], object]) -> None:
    times = []
    for k in range(_USERS):
        started = time.perf_counter()
        call(k)
        times.append(1000 * (time.perf_counter() - started))
    p50, p99 = np.quantile(times[_WARM:], [0.5, 0.99])
    print(f"  {name:<22} p50 {p50:7.2f}   p99 {p99:7.2f}", flush=True)


def _questions(recommender: Recommender, folder: Path) -> dict[str, Path]:
    """Files of bodies, by route: random users, items and pieces of titles."""
    rng = np.random.default_rng(_SEED)
    als, search = recommender.als, recommender.product_search
    assert als is not None
    assert search is not None
    users = als.users.ids(rng.integers(0, len(als.users), _BODIES))
    items = als.items.ids(rng.integers(0, len(als.items), _BODIES))
    queries = pieces_of_titles(search, _BODIES, rng)
    bodies: dict[str, list[dict[str, object]]] = {
        "/matrix_factor/similar": [{"item_id": item, "n": _N} for item in items],
        "/matrix_factor/user": [{"user_id": user, "n": _N} for user in users],
        "/search": [{"query": query, "top_k": _N} for query in queries],
    }
    paths = {}
    for route, asked in bodies.items():
        paths[route] = folder / f"{route.replace('/', '_')}.jsonl"
        write_bodies(paths[route], asked)
    return paths


def _under_load(name: str, running: Running, routes: dict[str, Path], seconds: int) -> None:
    for route, bodies in routes.items():
        open_models(running.url, route, bodies, max(_CONNECTIONS))
        load(running.url, route, bodies, max(_CONNECTIONS), _WARM_SECONDS)
    print(f"{name}: {running.megabytes():,.0f} MB")
    for route, bodies in routes.items():
        for connections in _CONNECTIONS:
            before = running.cpu_seconds()
            measured = load(running.url, route, bodies, connections, seconds)
            used = running.cpu_seconds() - before
            each = 1000 * used / max(measured.per_second * seconds, 1)
            print(
                f"  {route:<23} {connections:>2} connections  {measured.per_second:7.0f} a second"
                f"   p50 {measured.p50:7.1f}   p99 {measured.p99:7.1f} ms   CPU {each:5.1f} ms each"
                f"   {measured.failed} failed",
                flush=True,
            )


if __name__ == "__main__":
    main()
