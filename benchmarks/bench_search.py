"""Search: time of a whole query at the size of Amazon Appliances, and of the vector index alone.

Products are generated. Their vectors are mixtures of those of 2,000 encoded texts, because encoding
is not measured here. Whole queries are encoded and answered in each mode, in one thread. The index
alone is measured at 94,000 and 1,000,000 vectors; its recall is that of questions, compared with
exact search, at 10 and at the depth that hybrid search combines.

python benchmarks/bench_search.py [VECTORS]     vectors of the large set, 1000000 by default
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import faiss
import numpy as np
import polars as pl
import torch

from recsys_lib.columns import Products
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.sample import SampleSize, write_sample
from recsys_lib.parameters import EmbedParameters, EtlParameters
from recsys_lib.paths import Dataset
from recsys_lib.search import ProductSearch, build_search_part, product_texts, text_encoder
from recsys_lib.search._fusion import DEPTH
from recsys_lib.search._index import Kind, save_index
from recsys_lib.search._neighbours import choose_index, nearest
from recsys_lib.search._questions import question_like

_PRODUCTS = 94_000
_ENCODED = 2_000
_QUERIES = 1_000
_KINDS: tuple[Kind, ...] = ("exact", "fast-scan", "hnsw", "ivf-sq8", "ivf-pq")
_SEED = 7


def main() -> None:
    """Print both tables."""
    large = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print("milliseconds of wall-clock time (and of CPU time)")
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    with tempfile.TemporaryDirectory() as folder:
        products = _products(Path(folder))
        base, questions = _encoded(products)
        print(f"whole queries, {len(products):,} products, one thread")
        _whole_queries(products, _mixtures(base, len(products)), Path(folder))
    for n in (_PRODUCTS, large):
        vectors = _mixtures(base, n)
        print(f"index alone, {n:,} vectors of {vectors.shape[1]}, one thread")
        for kind in _KINDS:
            _index_alone(vectors, kind, questions)


def _products(folder: Path) -> pl.DataFrame:
    size = SampleSize(_PRODUCTS, _PRODUCTS, 2 * _PRODUCTS)
    write_sample(folder / "raw", size)
    return load_dataset(Dataset("bench", folder / "raw", folder), EtlParameters()).catalogue.frame


def _encoded(products: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of some product texts, and of questions like those that an index is chosen with."""
    parameters = EmbedParameters()
    texts = [text for text in product_texts(products, parameters.fields) if text]
    spread = np.linspace(0, len(texts) - 1, _ENCODED, dtype=int)
    encoder = text_encoder(parameters)
    base = encoder.encode([texts[row] for row in spread], show_progress=True)
    return base, encoder.encode(question_like(texts, _QUERIES))


def _mixtures(base: np.ndarray, n: int) -> np.ndarray:
    """Vectors between those of two real texts, with some noise."""
    rng = np.random.default_rng(_SEED)
    first, second = rng.integers(len(base), size=(2, n))
    way = rng.random((n, 1), dtype=np.float32)
    vectors = base[first]
    vectors += way * (base[second] - base[first])
    vectors += rng.standard_normal(vectors.shape, dtype=np.float32) * np.float32(0.01)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _whole_queries(products: pl.DataFrame, vectors: np.ndarray, folder: Path) -> None:
    """Build a part with the mixtures in the place of encoded texts, and search it."""
    parameters = EmbedParameters()
    encoder = text_encoder(parameters)
    encode = encoder.encode

    def mixtures(texts: list[str], *args, **options) -> np.ndarray:  # type: ignore[no-untyped-def]
        """Those of the products; questions are really encoded."""
        return vectors if len(texts) == len(vectors) else encode(texts)

    encoder.encode = mixtures  # type: ignore[method-assign, assignment]
    build_search_part(products, parameters, folder / "search", "bench", encoder=encoder)
    _first_answer(folder / "search")
    search = ProductSearch.load(folder / "search")
    parameters = search.part.parameters
    metrics = search.part.manifest["metrics"]
    recalls = [f"{name[7:]} {value:.3f}" for name, value in metrics.items() if "_recall@" in name]
    print(f"  index {parameters['index_kind']}, {', '.join(recalls)}")
    faiss.omp_set_num_threads(1)
    torch.set_num_threads(1)
    queries = _queries(products)
    for mode in ("hybrid", "semantic", "lexical"):
        search.search(queries[0], 10, mode=mode)
        times = [_milliseconds(lambda q=q, m=mode: search.search(q, 10, mode=m)) for q in queries]
        print(f"  {mode:<9} {_quantiles(times)}", flush=True)


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
        print(f"  a new process answers its first query, {mode:<9} {seconds:.1f} s", flush=True)


def _queries(products: pl.DataFrame) -> list[str]:
    """Two to five neighbouring words of a title each."""
    rng = np.random.default_rng(_SEED)
    titles = products[Products.TITLE].drop_nulls()
    words = [titles[int(row)].split() for row in rng.integers(len(titles), size=_QUERIES)]
    starts = [int(rng.integers(max(1, len(w) - 4))) for w in words]
    return [
        " ".join(w[s : s + int(rng.integers(2, 6))]) for w, s in zip(words, starts, strict=True)
    ]


def _index_alone(vectors: np.ndarray, kind: Kind, questions: np.ndarray) -> None:
    faiss.omp_set_num_threads(os.cpu_count() or 1)
    started = time.perf_counter()
    chosen = choose_index(vectors, kind, EmbedParameters().index_recall, questions)
    seconds = time.perf_counter() - started
    faiss.omp_set_num_threads(1)
    queries = questions[: _QUERIES // 5]
    times = [
        _milliseconds(lambda v=v: nearest(chosen.index, vectors, v[None], DEPTH)) for v in queries
    ]
    with tempfile.TemporaryDirectory() as folder:
        save_index(chosen.index, Path(folder) / "index")
        megabytes = (Path(folder) / "index").stat().st_size / 1e6
    recalls = " ".join(f"@{depth} {value:.3f}" for depth, value in chosen.recall.items())
    print(
        f"  {kind:<9} recall {recalls}   {_quantiles(times)}   {megabytes:6,.0f} MB   "
        f"built and measured in {seconds:5.0f} s",
        flush=True,
    )


def _milliseconds(work) -> tuple[float, float]:  # type: ignore[no-untyped-def]
    """Wall-clock and CPU time; on a busy machine only CPU time tells what the work takes."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - used)


def _quantiles(times: list[tuple[float, float]]) -> str:
    wall, processor = (np.quantile(column, (0.5, 0.99)) for column in np.array(times).T)
    return (
        f"p50 {wall[0]:7.2f}   p99 {wall[1]:7.2f}   "
        f"(CPU: p50 {processor[0]:6.2f}   p99 {processor[1]:6.2f})"
    )


if __name__ == "__main__":
    main()
