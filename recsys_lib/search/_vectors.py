"""Vectors on the disk: written block by block, read memory-mapped, never all in memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

_CHECKED_AT_ONCE, _DRAWN_AT_ONCE = 65_536, 8_192


def blocks(n: int, size: int) -> Iterator[slice]:
    """Rows 0 to n in runs of at most ``size``.

    >>> list(blocks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def write_vectors(
    path: Path, shape: tuple[int, int], dtype: np.dtype, parts: Iterable[np.ndarray]
) -> np.ndarray:
    """Write vectors as one .npy file, and return it memory-mapped, read-only.

    Parameters
    ----------
    shape: number of all vectors, and their dimension.
    dtype: of the file; the parts are rounded to it.
    parts: shape (rows, dimension) each, in order; one at a time is in memory. ValueError when they
        are not as many vectors, or a number is not finite.
    """
    header = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    written = 0
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for part in parts:
            finite = prepared(part, "the embeddings", written)
            file.write(finite.astype(dtype, copy=False).data)
            written += len(part)
    if written != shape[0]:
        raise ValueError(f"{path} got {written:,} vectors instead of {shape[0]:,}")
    return np.load(path, mmap_mode="r")


def prepared(vectors: np.ndarray, what: str, first: int = 0) -> np.ndarray:
    """Two-dimensional float32 in C order and finite, which FAISS takes for granted.

    ``first`` is the number of the first row, for the message of the ValueError.
    """
    if vectors.ndim != 2:
        raise ValueError(f"{what} must have shape (n, d), not {vectors.shape}")
    made = np.ascontiguousarray(vectors, dtype=np.float32)
    for rows in blocks(len(made), _CHECKED_AT_ONCE):
        finite = np.isfinite(made[rows]).all(axis=1)
        if not finite.all():
            bad = first + rows.start + int(np.argmin(finite))
            raise ValueError(f"{what} must be finite numbers; row {bad} is not")
    return made


def in_blocks(
    vectors: np.ndarray, size: int, part: slice | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows, of ``part`` or all, and their vectors as float32; of a mapped file one block at a time.

    What was read of the file then no longer counts as memory of this process.
    """
    start, stop = (part.start, part.stop) if part else (0, len(vectors))
    for some in blocks(stop - start, size):
        rows = slice(start + some.start, start + some.stop)
        yield rows, prepared(vectors[rows], "the embeddings", rows.start)
        _give_back(vectors)


def drawn(vectors: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most that many of the vectors, drawn at random, float32; of a mapped file only these."""
    if most >= len(vectors):
        return prepared(vectors, "the embeddings")
    rows = np.sort(np.random.default_rng(seed).choice(len(vectors), most, replace=False))
    sample = np.empty((most, vectors.shape[1]), dtype=np.float32)
    for some in blocks(most, _DRAWN_AT_ONCE):
        sample[some] = vectors[rows[some]]
        _give_back(vectors)
    return sample


def _give_back(vectors: np.ndarray) -> None:
    """Take the pages of a mapped file out of this process; they stay in the system's cache."""
    if isinstance(vectors.base, mmap.mmap):
        vectors.base.madvise(mmap.MADV_DONTNEED)
