"""Exact nearest-neighbour search: the only module that touches FAISS.

The vectors have length 1, so the inner product is the cosine; a flat index compares with every
product, which is exact and takes about 10 ms for 100,000 products.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import faiss
import numpy as np

from recsys_lib.errors import ArtifactError

Index: TypeAlias = faiss.Index


def build_index(embeddings: np.ndarray) -> Index:
    """An exact inner-product index over ``embeddings``, shape (n, d); its row i is vector i.

    Raises ValueError when they are not two-dimensional, not finite, or none at all.
    """
    vectors = _prepared(embeddings, "the embeddings")
    if len(vectors) == 0:
        raise ValueError("there are no embeddings to index")
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index


def search_index(index: Index, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k most similar rows of each vector, best first.

    ``vectors`` has shape (q, d). Returns scores, float32, and rows, int64, both of shape
    (q, min(k, index size)): rows that do not exist never appear. Raises ValueError when the
    dimension is not the index's, or k is below 1.
    """
    queries = _prepared(vectors, "the query vectors")
    if queries.shape[1] != index.d:
        raise ValueError(
            f"the query vectors have {queries.shape[1]} dimensions, the index has {index.d}: "
            "they come from different models; embed the catalogue again (step embed)"
        )
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    return index.search(queries, min(k, index.ntotal))


def save_index(index: Index, path: Path) -> None:
    """Write the index in FAISS's own format."""
    faiss.write_index(index, str(path))


def load_index(path: Path) -> Index:
    """Read what :func:`save_index` wrote, memory-mapped; ArtifactError when it is damaged."""
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ArtifactError(f"{path} cannot be read as an index: embed again ({error})") from error


def _prepared(vectors: np.ndarray, what: str) -> np.ndarray:
    """What FAISS takes without a check of its own: two-dimensional, float32, in C order."""
    if vectors.ndim != 2:
        raise ValueError(f"{what} must have shape (n, d), not {vectors.shape}")
    prepared = np.ascontiguousarray(vectors, dtype=np.float32)
    if not np.isfinite(prepared).all():
        bad = int(np.argmin(np.isfinite(prepared).all(axis=1)))
        raise ValueError(f"{what} must be finite numbers; row {bad} is not")
    return prepared
