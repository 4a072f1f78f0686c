"""The vector index: the only module that uses FAISS.

Vectors have length 1, so their inner product is the cosine. ``exact`` compares a query with every
product. ``fast-scan`` does so with four bits for two dimensions, which are looked up in processor
registers. The other kinds look at some products only: ``hnsw`` follows a graph of neighbours and
stores all vectors; ``ivf-sq8`` and ``ivf-pq`` look into the nearest of many clusters and store a
quarter and a sixteenth of the bytes (scalar and product quantization). References: André,
Kermarrec, Le Scouarnec (2017), Accelerated nearest neighbor search with Quick ADC; Malkov and
Yashunin (2018) for HNSW; Jégou, Douze, Schmid (2011) for product quantization.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import faiss
import numpy as np

from recsys_lib.errors import ArtifactError, ParameterError

Index: TypeAlias = faiss.Index
Kind = Literal["exact", "fast-scan", "hnsw", "ivf-sq8", "ivf-pq"]

_HNSW_LINKS = 32
_HNSW_BUILD_BREADTH = 80
_PQ_BYTES_PER_DIMENSION = 1 / 4
_VECTORS_PER_CLUSTER = 40  # to train with: FAISS warns below 39
# The centres of a code: those of a byte, and those of four bits.
_CENTRES = {"ivf-pq": 256, "fast-scan": 16}
_MOST_FOR_TRAINING = 40_000
_SEED = 1234


def build_index(embeddings: np.ndarray, kind: Kind = "exact") -> Index:
    """An inner-product index over ``embeddings``, shape (n, d); row i of it is vector i.

    Raises ValueError unless they are two-dimensional, finite and at least one; ParameterError
    when they are too few for the kind of index.
    """
    vectors = _prepared(embeddings, "the embeddings")
    n, dimension = vectors.shape
    if n == 0:
        raise ValueError("there are no embeddings to index")
    fewest = _CENTRES.get(kind, 0) * _VECTORS_PER_CLUSTER
    if n < fewest:
        raise ParameterError(
            f"embed.index {kind!r} needs {fewest:,} vectors, but there are {n:,}: choose 'auto'"
        )
    index = faiss.index_factory(dimension, _recipe(kind, n, dimension), faiss.METRIC_INNER_PRODUCT)
    if kind == "hnsw":
        index.hnsw.efConstruction = _HNSW_BUILD_BREADTH
    if kind == "ivf-pq":
        index.pq.cp.max_points_per_centroid = _VECTORS_PER_CLUSTER
    if not index.is_trained:
        most = _VECTORS_PER_CLUSTER * max(_n_clusters(n), 256)
        index.train(_sample(vectors, _MOST_FOR_TRAINING if kind == "fast-scan" else most))
    index.add(vectors)
    if kind.startswith("ivf"):
        index.make_direct_map()  # stored_vector needs it
    return index


def search_exactly(
    embeddings: np.ndarray, vectors: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and rows of the k embeddings most similar to each vector, without an index."""
    return faiss.knn(
        _prepared(vectors, "the query vectors"),
        _prepared(embeddings, "the embeddings"),
        min(k, len(embeddings)),
        metric=faiss.METRIC_INNER_PRODUCT,
    )


def search_index(
    index: Index, vectors: np.ndarray, k: int, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows most similar to each vector, best first.

    ``vectors`` has shape (q, d); with ``allowed``, bool, shape (n,), only its rows can be found,
    which an index must support (:func:`can_filter`). Returns scores, float32, and rows, int64, both
    of shape (q, min(k, number of rows)); a row is -1 where an approximate index found no more.
    Raises ValueError when the dimension is not that of the index, or k is below 1.
    """
    queries = _prepared(vectors, "the query vectors")
    if queries.shape[1] != index.d:
        raise ValueError(
            f"the query vectors have {queries.shape[1]} dimensions, the index has {index.d}: "
            "they come from different encoders; run the embed step again"
        )
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    if allowed is None:
        return index.search(queries, min(k, index.ntotal))
    n_allowed = int(allowed.sum())
    if n_allowed == 0:
        return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    bits = np.packbits(allowed, bitorder="little")
    options = _only(index, faiss.IDSelectorBitmap(bits))
    return index.search(queries, min(k, n_allowed), params=options)


def set_breadth(index: Index, value: int) -> None:
    """Set how many links or clusters a search visits; more find more and take longer."""
    if hasattr(index, "hnsw"):
        index.hnsw.efSearch = value
    elif hasattr(index, "nprobe"):
        index.nprobe = value


def is_quantized(index: Index) -> bool:
    """Whether the index stores rounded vectors, so that its scores only approximate cosines."""
    return isinstance(index, faiss.IndexIVF | faiss.IndexPQFastScan)


def can_filter(index: Index) -> bool:
    """Whether :func:`search_index` takes ``allowed`` rows."""
    return not isinstance(index, faiss.IndexPQFastScan)


def stored_vector(index: Index, row: int) -> np.ndarray:
    """Vector ``row`` as the index stores it, float32, shape (d,); rounded when quantized."""
    return index.reconstruct(row)


def save_index(index: Index, path: Path) -> None:
    """Write the index in FAISS's own format."""
    faiss.write_index(index, str(path))


def load_index(path: Path) -> Index:
    """Read what :func:`save_index` wrote, memory-mapped; ArtifactError when it is damaged."""
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ArtifactError(
            f"{path} cannot be read as an index ({error}): run the embed step again"
        ) from error


def index_bytes(kind: Kind, n: int, dimension: int) -> int:
    """Approximate memory of an index of ``n`` vectors."""
    coded = _PQ_BYTES_PER_DIMENSION
    of_vector = {"exact": 4, "fast-scan": coded, "hnsw": 4, "ivf-sq8": 1, "ivf-pq": coded}
    beside = {"hnsw": 2 * 4 * _HNSW_LINKS, "ivf-sq8": 16, "ivf-pq": 16}
    return int(n * (of_vector[kind] * dimension + beside.get(kind, 0)))


def _recipe(kind: Kind, n: int, dimension: int) -> str:
    """The kind of index as FAISS's index_factory names it."""
    return {
        "exact": "Flat",
        "fast-scan": f"PQ{dimension // 2 if dimension % 2 == 0 else dimension}x4fs",
        "hnsw": f"HNSW{_HNSW_LINKS},Flat",
        "ivf-sq8": f"IVF{_n_clusters(n)},SQ8",
        "ivf-pq": f"IVF{_n_clusters(n)},PQ{max(1, int(dimension * _PQ_BYTES_PER_DIMENSION))}",
    }[kind]


def _n_clusters(n: int) -> int:
    """About four times the root of n, as FAISS's guide to choosing an index advises."""
    return max(1, min(int(4 * n**0.5), n // _VECTORS_PER_CLUSTER))


def _sample(vectors: np.ndarray, most: int) -> np.ndarray:
    if len(vectors) <= most:
        return vectors
    drawn = np.random.default_rng(_SEED).choice(len(vectors), most, replace=False)
    return vectors[np.sort(drawn)]


def _only(index: Index, selector: faiss.IDSelector) -> faiss.SearchParameters:
    if hasattr(index, "hnsw"):
        return faiss.SearchParametersHNSW(sel=selector, efSearch=index.hnsw.efSearch)
    if hasattr(index, "nprobe"):
        return faiss.SearchParametersIVF(sel=selector, nprobe=index.nprobe)
    return faiss.SearchParameters(sel=selector)


def _prepared(vectors: np.ndarray, what: str) -> np.ndarray:
    """Two-dimensional float32 in C order and finite, which FAISS takes for granted."""
    if vectors.ndim != 2:
        raise ValueError(f"{what} must have shape (n, d), not {vectors.shape}")
    prepared = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(prepared).all():
        bad = int(np.argmin(np.isfinite(prepared).all(axis=1)))
        raise ValueError(f"{what} must be finite numbers; row {bad} is not")
    return prepared
