"""The vector index: the only module that uses FAISS.

Vectors have length 1, so their inner product is the cosine. ``exact`` compares a query with every
product. The other kinds look at some of them: ``hnsw`` follows a graph of neighbours and stores
all vectors; ``ivf-sq8`` and ``ivf-pq`` look into the nearest of many clusters and store a quarter
and a twelfth of the bytes (scalar and product quantization). References: Malkov and Yashunin
(2018) for HNSW; Jégou, Douze, Schmid (2011) for product quantization.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import faiss
import numpy as np

from recsys_lib.errors import ArtifactError, ParameterError

Index: TypeAlias = faiss.Index
Kind = Literal["exact", "hnsw", "ivf-sq8", "ivf-pq"]

_HNSW_LINKS = 32
_HNSW_BUILD_BREADTH = 80
_PQ_BYTES_PER_DIMENSION = 1 / 4
_VECTORS_PER_CLUSTER = 40  # to train with: FAISS warns below 39
_FEWEST_FOR_PQ = 256 * _VECTORS_PER_CLUSTER  # each byte has 256 centres
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
    if kind == "ivf-pq" and n < _FEWEST_FOR_PQ:
        raise ParameterError(
            f"embed.index 'ivf-pq' needs {_FEWEST_FOR_PQ:,} vectors, but there are {n:,}: "
            "choose 'auto'"
        )
    index = faiss.index_factory(dimension, _recipe(kind, n, dimension), faiss.METRIC_INNER_PRODUCT)
    if kind == "hnsw":
        index.hnsw.efConstruction = _HNSW_BUILD_BREADTH
    if kind == "ivf-pq":
        index.pq.cp.max_points_per_centroid = _VECTORS_PER_CLUSTER
    if not index.is_trained:
        index.train(_sample(vectors, _VECTORS_PER_CLUSTER * max(_n_clusters(n), 256)))
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

    ``vectors`` has shape (q, d); with ``allowed``, bool, shape (n,), only its rows can be found.
    Returns scores, float32, and rows, int64, both of shape (q, min(k, number of rows)); a row is
    -1 where an approximate index found no more. Raises ValueError when the dimension is not that
    of the index, or k is below 1.
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
    return isinstance(index, faiss.IndexIVF)


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
    vector = {"exact": 4.0, "hnsw": 4.0, "ivf-sq8": 1.0, "ivf-pq": _PQ_BYTES_PER_DIMENSION}[kind]
    beside = {"exact": 0, "hnsw": 2 * 4 * _HNSW_LINKS, "ivf-sq8": 16, "ivf-pq": 16}[kind]
    return int(n * (vector * dimension + beside))


def _recipe(kind: Kind, n: int, dimension: int) -> str:
    """The kind of index as FAISS's index_factory names it."""
    return {
        "exact": "Flat",
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
