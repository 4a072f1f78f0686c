"""Nearest vectors: the only module that touches FAISS.

The vectors have length 1, so the inner product is the cosine. ``exact`` compares with every
product. The others look at a part of them: ``hnsw`` walks along a graph of neighbours (Malkov and
Yashunin 2018) and holds all vectors; ``ivf-sq8`` and ``ivf-pq`` look into the nearest of many
clusters and hold a quarter and a twelfth of the bytes (scalar and product quantization, Jégou,
Douze, Schmid 2011).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

import faiss
import numpy as np

from recsys_lib.errors import ArtifactError

Index: TypeAlias = faiss.Index
Kind = Literal["exact", "hnsw", "ivf-sq8", "ivf-pq"]

_HNSW_LINKS = 32
_HNSW_BUILD_BREADTH = 80
_PQ_BYTES_PER_DIMENSION = 1 / 4
_VECTORS_PER_CLUSTER = 40  # to train with: FAISS warns below 39
_FEWEST_FOR_PQ = 256 * _VECTORS_PER_CLUSTER  # 256 centres for each byte
_SEED = 1234


def build_index(embeddings: np.ndarray, kind: Kind = "exact") -> Index:
    """An inner-product index over ``embeddings``, shape (n, d); its row i is vector i.

    Raises ValueError when they are not two-dimensional, not finite, none at all, or too few for
    the kind of index.
    """
    vectors = _prepared(embeddings, "the embeddings")
    n, dimension = vectors.shape
    if n == 0:
        raise ValueError("there are no embeddings to index")
    if kind == "ivf-pq" and n < _FEWEST_FOR_PQ:
        raise ValueError(f"product quantization needs {_FEWEST_FOR_PQ:,} vectors, there are {n:,}")
    index = faiss.index_factory(dimension, _recipe(kind, n, dimension), faiss.METRIC_INNER_PRODUCT)
    if kind == "hnsw":
        index.hnsw.efConstruction = _HNSW_BUILD_BREADTH
    if kind == "ivf-pq":
        index.pq.cp.max_points_per_centroid = _VECTORS_PER_CLUSTER
    if not index.is_trained:
        index.train(_sample(vectors, _VECTORS_PER_CLUSTER * max(_n_clusters(n), 256)))
    index.add(vectors)
    if kind.startswith("ivf"):
        index.make_direct_map()  # so that a stored vector can be asked for
    return index


def search_exactly(
    embeddings: np.ndarray, vectors: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and rows of the k most similar rows of each vector, without an index."""
    return faiss.knn(
        _prepared(vectors, "the query vectors"),
        _prepared(embeddings, "the embeddings"),
        min(k, len(embeddings)),
        metric=faiss.METRIC_INNER_PRODUCT,
    )


def search_index(
    index: Index, vectors: np.ndarray, k: int, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k most similar rows of each vector, best first.

    ``vectors`` has shape (q, d); with ``allowed``, bool of shape (n,), only its rows can be
    found. Returns scores, float32, and rows, int64, both of shape (q, min(k, rows there are));
    a row of -1 where an approximate index found no more. Raises ValueError when the dimension is
    not the index's, or k is below 1.
    """
    queries = _prepared(vectors, "the query vectors")
    if queries.shape[1] != index.d:
        raise ValueError(
            f"the query vectors have {queries.shape[1]} dimensions, the index has {index.d}: "
            "they come from different models; embed the catalogue again (step embed)"
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


def breadth(index: Index) -> int:
    """How far the index looks: links followed, or clusters visited; 0 when it is exact."""
    if hasattr(index, "hnsw"):
        return int(index.hnsw.efSearch)
    return int(index.nprobe) if hasattr(index, "nprobe") else 0


def set_breadth(index: Index, value: int) -> None:
    """Let the index look farther, which finds more and takes longer."""
    if hasattr(index, "hnsw"):
        index.hnsw.efSearch = value
    elif hasattr(index, "nprobe"):
        index.nprobe = value


def is_quantized(index: Index) -> bool:
    """Whether the index holds rounded vectors, so that its scores are not quite the cosines."""
    return isinstance(index, faiss.IndexIVF)


def stored_vector(index: Index, row: int) -> np.ndarray:
    """Vector ``row`` as the index holds it, float32, shape (d,); quantized ones are not exact."""
    return index.reconstruct(row)


def save_index(index: Index, path: Path) -> None:
    """Write the index in FAISS's own format."""
    faiss.write_index(index, str(path))


def load_index(path: Path) -> Index:
    """Read what :func:`save_index` wrote, memory-mapped; ArtifactError when it is damaged."""
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ArtifactError(f"{path} cannot be read as an index: embed again ({error})") from error


def index_bytes(kind: Kind, n: int, dimension: int) -> int:
    """About how much memory an index of ``n`` vectors takes."""
    vector = {"exact": 4.0, "hnsw": 4.0, "ivf-sq8": 1.0, "ivf-pq": _PQ_BYTES_PER_DIMENSION}[kind]
    beside = {"exact": 0, "hnsw": 2 * 4 * _HNSW_LINKS, "ivf-sq8": 16, "ivf-pq": 16}[kind]
    return int(n * (vector * dimension + beside))


def _recipe(kind: Kind, n: int, dimension: int) -> str:
    """The index in FAISS's language."""
    return {
        "exact": "Flat",
        "hnsw": f"HNSW{_HNSW_LINKS},Flat",
        "ivf-sq8": f"IVF{_n_clusters(n)},SQ8",
        "ivf-pq": f"IVF{_n_clusters(n)},PQ{max(1, int(dimension * _PQ_BYTES_PER_DIMENSION))}",
    }[kind]


def _n_clusters(n: int) -> int:
    """About four times the root of n, as FAISS's guide to the choice of an index advises."""
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
    """What FAISS takes without a check of its own: two-dimensional, float32, in C order."""
    if vectors.ndim != 2:
        raise ValueError(f"{what} must have shape (n, d), not {vectors.shape}")
    prepared = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(prepared).all():
        bad = int(np.argmin(np.isfinite(prepared).all(axis=1)))
        raise ValueError(f"{what} must be finite numbers; row {bad} is not")
    return prepared
