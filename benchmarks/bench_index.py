"""The index of millions of vectors: time, memory, recall and latency, beside exact search.

Vectors are generated in blocks: departments, categories and families of products, whose sizes fall
as 1/rank, and noise, all in directions of falling variance, as sentence vectors have. How near the
neighbours are to products and to questions is printed; the same of real ones is in
docs/performance.md. Questions are products with much more noise. 600 of them choose how far the
index looks, as in the embed step; recall and latency are those of 1,000 others.

Where ../shared/data has it, the judged product search set of Icecat is asked its real queries, too.

python benchmarks/bench_index.py [VECTORS]     10000000 by default, of 384 dimensions: 9 GB on disk
python benchmarks/bench_index.py icecat        real vectors alone
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from _memory import Peaks
from _timing import milliseconds, quantiles

from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import _on_disk, text_encoder
from recsys_lib.search._choice import choose_index, index_bytes, vector_type
from recsys_lib.search._fusion import DEPTH
from recsys_lib.search._index import Index, load_index, save_index, search_exactly
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._on_disk import Room
from recsys_lib.search._questions import question_like
from recsys_lib.search._vectors import blocks, write_vectors

_DIMENSION, _BLOCK, _SEED = 384, 100_000, 11
_DIRECTIONS, _FALL = 128, 0.4  # of the noise: the standard deviation falls by this power
_DEPARTMENTS, _CATEGORIES, _PER_FAMILY = 20, 2_000, 25
# Shares of the length of a vector, by which the cosines are those of real texts.
_OF_ALL, _OF_DEPARTMENT, _OF_CATEGORY, _OF_FAMILY, _OF_PRODUCT = 0.5, 0.35, 0.5, 0.7, 0.4
_OF_QUESTION = 1.2
_CHOOSING, _ASKED, _TIMED = 600, 1_000, 1_000
_ICECAT = Path(__file__).resolve().parents[2] / "shared" / "data" / "icecat_search"


class World:
    """Vectors of products and of questions, made in blocks, the same each time."""

    def __init__(self, n: int) -> None:
        self.n, rng = n, np.random.default_rng(_SEED)
        spread = np.arange(1, _DIRECTIONS + 1, dtype=np.float32) ** -_FALL
        rotation = np.linalg.qr(rng.standard_normal((_DIMENSION, _DIMENSION)))[0]
        self._directions = (spread[:, None] * rotation[:_DIRECTIONS]).astype(np.float32)
        self._directions /= np.float32(np.linalg.norm(spread))
        families = max(_CATEGORIES, n // _PER_FAMILY)
        common = _OF_ALL * rotation[-1].astype(np.float32)
        departments = common + _OF_DEPARTMENT * self._noise(_DEPARTMENTS, rng)
        category = rng.integers(_DEPARTMENTS, size=_CATEGORIES)
        categories = departments[category] + _OF_CATEGORY * self._noise(_CATEGORIES, rng)
        self._families = np.empty((families, _DIMENSION), dtype=np.float32)
        for rows in blocks(families, _BLOCK):
            of = _by_rank(_CATEGORIES, rows.stop - rows.start, 10, rng)
            self._families[rows] = categories[of] + _OF_FAMILY * self._noise(len(of), rng)

    def products(self, rows: slice) -> np.ndarray:
        """float32, shape (rows, 384), of length 1."""
        rng = np.random.default_rng((_SEED, rows.start))
        family = _by_rank(len(self._families), rows.stop - rows.start, 100, rng)
        return _unit(self._families[family] + _OF_PRODUCT * self._noise(len(family), rng))

    def questions(self, n: int) -> np.ndarray:
        """The same of questions: each is about a product that is not in the catalogue."""
        rng = np.random.default_rng(_SEED + 1)
        family = _by_rank(len(self._families), n, 100, rng)
        return _unit(self._families[family] + _OF_QUESTION * self._noise(n, rng))

    def blocks(self) -> Iterator[np.ndarray]:
        """All products."""
        return (self.products(rows) for rows in blocks(self.n, _BLOCK))

    def _noise(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """float32, shape (n, 384), of about length 1."""
        return rng.standard_normal((n, _DIRECTIONS), dtype=np.float32) @ self._directions


def main() -> None:
    """Print what the index of a large catalogue takes and gives, and that of a real one."""
    asked = sys.argv[1] if len(sys.argv) > 1 else "10000000"
    if asked != "icecat":
        with tempfile.TemporaryDirectory(dir=os.environ.get("RECSYS_BENCH_HOME")) as folder:
            _generated(int(asked), Path(folder))
    if _ICECAT.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            _real(Path(folder))
    else:
        print(f"real vectors skipped: {_ICECAT} is not there")


def _generated(n: int, folder: Path) -> None:
    parameters, peaks = EmbedParameters(), Peaks()
    print(f"{n:,} vectors of {_DIMENSION}, {os.cpu_count()} cores", flush=True)
    with peaks.stage("generated and written"):
        world = World(n)
        shape = (n, _DIMENSION)
        vectors = write_vectors(
            folder / "vectors.npy", shape, vector_type("ivf-pq"), world.blocks()
        )
    questions = world.questions(_CHOOSING + _ASKED)
    del world
    learn = _on_disk.lists_index

    def learned(*arguments: object) -> Index:
        with peaks.stage("  clusters and codes learned"):
            return learn(*arguments)  # type: ignore[arg-type]

    _on_disk.lists_index = learned
    room = Room(folder, parameters.index_memory_mb)
    with peaks.stage("learned, filled, joined, breadth chosen"):
        chosen = choose_index(
            vectors, "ivf-pq", parameters.index_recall, questions[:_CHOOSING], room
        )
    save_index(chosen.index, folder / "index.faiss")
    candidates = chosen.index.candidates
    print(
        f"learned, filled and joined in {chosen.seconds:,.0f} s; looks into {chosen.breadth} "
        f"clusters, {candidates} candidates for each product wanted"
    )
    del chosen
    _report(vectors, load_index(folder / "index.faiss", candidates), questions[_CHOOSING:], peaks)
    for path in sorted(folder.iterdir()):
        print(f"  {path.name:<13} {path.stat().st_size / 1e6:9,.0f} MB")
    for kind in ("exact", "hnsw"):
        print(f"  {kind:<13} {index_bytes(kind, *shape) / 1e6:9,.0f} MB in memory (computed)")


def _real(folder: Path) -> None:
    """Icecat: the index on the disk is forced; a catalogue of that size has an exact one."""
    products = pl.read_ndjson(_ICECAT / "products.jsonl.gz", infer_schema_length=None)
    texts = products.select(
        pl.concat_str("title", "short_description", separator=". ", ignore_nulls=True)
    )
    judged = pl.read_csv(_ICECAT / "judgments.csv", encoding="utf8-lossy")
    queries = judged["query"].unique(maintain_order=True).to_list()
    encoder = text_encoder(EmbedParameters())
    known = texts.to_series().to_list()
    made = encoder.encode(known)
    vectors = write_vectors(folder / "vectors.npy", made.shape, vector_type("ivf-pq"), [made])
    print(f"Icecat: {len(vectors):,} products, {len(queries)} real queries")
    _same_order(made, vectors, encoder.encode(queries))
    asked = encoder.encode(question_like(known, _CHOOSING))
    room = Room(folder, EmbedParameters().index_memory_mb)
    chosen = choose_index(vectors, "ivf-pq", EmbedParameters().index_recall, asked, room)
    said = ", ".join(f"@{depth} {share:.3f}" for depth, share in chosen.recall.items())
    print(f"looks into {chosen.breadth} clusters; recall of questions made of texts {said}")
    _report(vectors, chosen.index, encoder.encode(queries), Peaks())


def _same_order(whole: np.ndarray, half: np.ndarray, queries: np.ndarray) -> None:
    """How many of the nearest products are the same with vectors in half precision."""
    for depth in (10, DEPTH):
        pairs = zip(
            search_exactly(whole, queries, depth)[1],
            search_exactly(half, queries, depth)[1],
            strict=True,
        )
        same = np.mean([np.isin(one, other).mean() for one, other in pairs])
        print(f"  float16 keeps {same:.2%} of the {depth} nearest products")


def _report(vectors: np.ndarray, index: Index, queries: np.ndarray, peaks: Peaks) -> None:
    with peaks.stage(f"{len(queries):,} queries compared with all"):
        cosines, wanted = search_exactly(vectors, queries, DEPTH)
    near = ", ".join(f"{rank} {cosines[:, rank - 1].mean():.2f}" for rank in (1, 10, DEPTH))
    print(f"mean cosine of a query to the product of rank {near}")
    with peaks.stage("answered"):
        for k in (10, DEPTH):
            answers = nearest(index, vectors, queries, k)
            shares = [np.isin(w[:k], a[0]).mean() for w, a in zip(wanted, answers, strict=True)]
            times = [
                milliseconds(lambda q=q, k=k: nearest(index, vectors, q[None], k))
                for q in queries[:_TIMED]
            ]
            print(f"  recall@{k:<3} {np.mean(shares):.4f}   {quantiles(times)} ms", flush=True)


def _by_rank(n: int, size: int, flat: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers below n, the number r with a weight of about 1/(r + flat)."""
    drawn = flat * (np.exp(rng.random(size) * np.log(n / flat + 1)) - 1)
    return np.minimum(drawn.astype(np.int64), n - 1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


if __name__ == "__main__":
    main()
