"""Search and lists at the size of Amazon Appliances, and the vector index alone.

The dataset is generated and trained once, see _appliances.py. Whole answers of the facade are timed
in one thread: search in each mode, with encoding, and the lists of recommendations and of similar
items; each also with filters, with one row for all variants, and with diversity. The index alone is
measured at 94,000 and 1,000,000 vectors, which lie between those of two products each. Its recall
is that of questions, compared with exact search, at 10 and at the depth that hybrid search
combines.

python benchmarks/bench_search.py [VECTORS]     vectors of the large set, 1000000 by default
python benchmarks/bench_search.py lists         without the index alone
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"  # read when it is imported

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import torch
from _appliances import appliances, mixtures, pieces_of_titles
from _machine import Machine
from _timing import milliseconds, quantiles
from threadpoolctl import threadpool_limits

from recsys_lib import Recommender
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import ProductSearch
from recsys_lib.search._choice import Kind, choose_index
from recsys_lib.search._fusion import DEPTH
from recsys_lib.search._index import save_index
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._on_disk import Room
from recsys_lib.search._questions import question_like
from recsys_lib.search.facets import BRAND, CATEGORIES, PRICE

_QUERIES, _LISTS, _WARM = 500, 300, 10
_QUESTIONS = 1_000
_KINDS: tuple[Kind, ...] = ("exact", "fast-scan", "hnsw", "ivf-pq")
_SEED = 7


def main() -> None:
    """Print all tables."""
    large = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    machine, recommender = Machine.measured(), appliances()
    search = recommender.product_search
    assert search is not None
    _first_answer(search.part.folder)
    print("milliseconds of wall-clock time (and of CPU time), one thread")
    faiss.omp_set_num_threads(1)
    torch.set_num_threads(1)
    with threadpool_limits(1):
        _lists(recommender, search)
    if large == "lists":
        return
    questions = search.encoder.encode(question_like(search.texts.to_list(), _QUESTIONS))
    for n in (len(search), int(large)):
        base = np.asarray(search.embeddings)
        vectors = base if n == len(base) else mixtures(base, n)
        print(f"index alone, {n:,} vectors of {vectors.shape[1]}, one thread")
        for kind in _KINDS:
            _index_alone(vectors, kind, questions, machine)


def _lists(recommender: Recommender, search: ProductSearch) -> None:
    rng, als = np.random.default_rng(_SEED), recommender.als
    assert als is not None
    queries = pieces_of_titles(search, _QUERIES, rng)
    users = als.users.ids(rng.integers(0, len(als.users), _LISTS))
    items = als.items.ids(rng.integers(0, len(als.items), _LISTS))
    print(f"{len(search):,} products, index {search.part.parameters['index_kind']}")
    _report("one query encoded", queries, search.encoder.encode_query)
    for name, options in _options(recommender).items():
        for mode in ("lexical", "semantic", "hybrid"):
            asked = {"mode": mode, **options}
            _report(f"search {mode}, {name}", queries, recommender.search, **asked)
        _report(f"recommend, {name}", list(users), recommender.recommend, **options)
        _report(f"similar_items, {name}", list(items), recommender.similar_items, **options)


def _options(recommender: Recommender) -> dict[str, dict[str, Any]]:
    """What a list can be asked for. The filters pass about half, a twentieth, and a few items."""
    facets = recommender.items.facets
    middle = facets[PRICE].median()
    counts = facets[CATEGORIES].explode().value_counts(sort=True)
    near = (counts["count"] - len(facets) // 20).abs().arg_min()
    brand = facets[BRAND].drop_nulls().value_counts(sort=True)[BRAND][-1]
    ungrouped = {"group_variants": False}
    return {
        "plain": ungrouped,
        "half by price": {**ungrouped, "filters": {"max_price": middle}},
        "one category": {**ungrouped, "filters": {"category": counts[CATEGORIES][near]}},
        "a rare brand": {**ungrouped, "filters": {"brand": brand}},
        "one of all variants": {"group_variants": True},
        "diversity": {**ungrouped, "diversity": 0.3},
        "all three": {"filters": {"max_price": middle}, "group_variants": True, "diversity": 0.3},
    }


def _report(name: str, asked: list[str], answer: Callable[..., object], **options: Any) -> None:
    for question in asked[:_WARM]:
        answer(question, **options)
    times = [milliseconds(lambda q=question: answer(q, **options)) for question in asked]
    print(f"  {name:<37} {quantiles(times)}", flush=True)


def _first_answer(part: Path) -> None:
    """Print seconds from the start of a process to its first answer, with the files in memory."""
    for mode in ("hybrid", "lexical"):
        code = (
            "from pathlib import Path; from recsys_lib.search import ProductSearch; "
            f"search = ProductSearch.load(Path({str(part)!r})); "
            f"print(len(search.search('dryer belt', 10, mode={mode!r})[0]))"
        )
        for _ in range(2):
            started = time.perf_counter()
            command = [sys.executable, "-u", "-c", code]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                answer = process.stdout.readline() if process.stdout else b""
                seconds = time.perf_counter() - started
            if not answer or process.returncode:
                raise RuntimeError(f"a new process gave no answer (exit code {process.returncode})")
        print(f"a new process answers its first query, {mode:<9} {seconds:.1f} s", flush=True)


def _index_alone(vectors: np.ndarray, kind: Kind, questions: np.ndarray, machine: Machine) -> None:
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    parameters = EmbedParameters()
    with tempfile.TemporaryDirectory() as folder:
        started, room = time.perf_counter(), Room(Path(folder), parameters.index_memory_mb)
        chosen = choose_index(vectors, kind, parameters.index_recall, questions, room)
        seconds = time.perf_counter() - started
        faiss.omp_set_num_threads(1)
        with threadpool_limits(1):
            times = [
                milliseconds(lambda v=v: nearest(chosen.index, vectors, v[None], DEPTH))
                for v in questions[: _QUESTIONS // 5]
            ]
        save_index(chosen.index, Path(folder) / "index")
        megabytes = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
    recalls = " ".join(f"@{depth} {value:.3f}" for depth, value in chosen.recall.items())
    print(
        f"  {kind:<9} recall {recalls}   {quantiles(times)}   {megabytes:6,.0f} MB   "
        f"built and measured in {seconds:5.0f} s{_scanned(vectors, kind, times, machine)}",
        flush=True,
    )


def _scanned(
    vectors: np.ndarray, kind: Kind, times: list[tuple[float, float]], machine: Machine
) -> str:
    """What exact search reads in a second: all vectors for each question; "" for other kinds."""
    if kind != "exact":
        return ""
    median = np.median([wall for wall, _ in times]) / 1000
    return f"   {machine.moving(vectors.size * np.dtype(np.float32).itemsize, float(median))}"


if __name__ == "__main__":
    main()
