"""The vector index that suits a catalogue: its kind, and how far it must look."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recsys_lib.errors import ParameterError
from recsys_lib.search._fusion import DEPTH
from recsys_lib.search._index import (
    HNSW_LINKS,
    Index,
    exact_index,
    graph_index,
    scan_index,
    search_exactly,
    search_index,
    set_breadth,
)
from recsys_lib.search._on_disk import Room, build_on_disk
from recsys_lib.search._vectors import drawn, prepared

Kind = Literal["exact", "fast-scan", "hnsw", "ivf-pq"]

EXACT_BELOW = 20_000
"""Largest catalogue with an exact index: a query takes 2 to 3 ms, and nothing is missed."""
SCAN_BELOW = 2_000_000
"""Largest catalogue that is scanned as a whole: 10 ms for a million products."""

_FEWEST_TO_SCAN = 640  # 40 for each of the 16 values of four bits, which FAISS warns below
_SAMPLE_TO_SCAN = 40_000
_BREADTHS = (16, 32, 64, 128, 256, 512, 1024)
_CANDIDATES = (8, 16, 32)
_SEED = 42
_NOWHERE = np.iinfo(np.int64).max
_DEPTHS = (10, DEPTH)
"""What a list shows, and what hybrid search combines."""


@dataclass(frozen=True)
class ChosenIndex:
    """An index and what is known about it.

    Parameters
    ----------
    breadth: links or clusters that a search visits; 0 where it compares all products.
    recall: depth -> share of the nearest products up to that depth that are found, of questions
        that took no part in choosing the breadth.
    seconds: how long building it took.
    """

    index: Index
    kind: Kind
    breadth: int
    recall: dict[int, float]
    seconds: float


def choose_kind(n: int, dimension: int, memory_mb: int) -> Kind:
    """The most accurate kind that answers within milliseconds and fits into ``memory_mb``."""
    most = memory_mb << 20
    if n <= EXACT_BELOW and index_bytes("exact", n, dimension) <= most:
        return "exact"
    fits = index_bytes("fast-scan", n, dimension) <= most
    return "fast-scan" if n <= SCAN_BELOW and fits else "ivf-pq"


def vector_type(kind: Kind) -> np.dtype:
    """In which numbers vectors are stored beside an index.

    Half precision where there are millions: a cosine then differs by about 0.00001, which changes
    one in a thousand of the ten nearest products (docs/performance.md).
    """
    return np.dtype(np.float16 if kind == "ivf-pq" else np.float32)


def build_index(embeddings: np.ndarray, kind: Kind = "exact", room: Room | None = None) -> Index:
    """An inner-product index over ``embeddings``, shape (n, d); row i of it is vector i.

    ``ivf-pq`` needs a ``room`` on the disk. Raises ValueError unless the vectors are
    two-dimensional, finite and at least one; ParameterError when they are too few for the kind of
    index, or the memory is too small.
    """
    if len(embeddings) == 0:
        raise ValueError("there are no embeddings to index")
    if kind == "ivf-pq":
        if room is None:
            raise ValueError("an index on the disk needs a folder for its lists")
        return build_on_disk(embeddings, room)
    vectors = prepared(embeddings, "the embeddings")
    if kind == "exact":
        return exact_index(vectors)
    if kind == "hnsw":
        return graph_index(vectors)
    if len(vectors) < _FEWEST_TO_SCAN:
        raise ParameterError(
            f"embed.index {kind!r} needs {_FEWEST_TO_SCAN} vectors, but there are "
            f"{len(vectors):,}: choose 'exact'"
        )
    return scan_index(vectors, drawn(vectors, _SAMPLE_TO_SCAN, _SEED))


def choose_index(
    embeddings: np.ndarray,
    kind: Kind,
    recall: float,
    questions: np.ndarray,
    room: Room | None = None,
) -> ChosenIndex:
    """Build an index that finds the share ``recall`` of the products nearest to a question.

    ``embeddings`` has shape (n, d), ``questions`` (q, d). Products are closer to each other than
    questions are to products, so an index that suits products as queries misses much of what is
    asked for. The breadth of an approximate index grows, and with each breadth the number of
    candidates, until one half of the questions finds enough, both of the ten nearest and of the
    ``DEPTH`` that hybrid search combines, or the largest breadth is reached. The recall of the
    other half is reported.
    """
    started = time.perf_counter()
    index = build_index(embeddings, kind, room)
    seconds = time.perf_counter() - started
    if kind == "exact":
        return ChosenIndex(index, kind, 0, dict.fromkeys(_DEPTHS, 1.0), seconds)
    nearest_rows = search_exactly(embeddings, questions, DEPTH)[1]
    order = np.random.default_rng(_SEED).permutation(len(questions))
    chosen_by, reported_by = np.array_split(order, 2)
    breadth = 0
    for breadth in (0,) if kind == "fast-scan" else _BREADTHS:
        set_breadth(index, breadth)
        found = _found(index, questions[chosen_by], nearest_rows[chosen_by])
        index.candidates = next((c for c in found if min(found[c].values()) >= recall), max(found))
        if min(found[index.candidates].values()) >= recall:
            break
    reported = _found(index, questions[reported_by], nearest_rows[reported_by])
    return ChosenIndex(index, kind, breadth, reported[index.candidates], seconds)


def looks_no_further(kind: Kind, breadth: int, candidates: int) -> bool:
    """Whether :func:`choose_index` had no larger breadth and no more candidates to choose."""
    widest = {"hnsw": (_BREADTHS[-1], 1), "ivf-pq": (_BREADTHS[-1], _CANDIDATES[-1])}
    return (breadth, candidates) == widest.get(kind, (0, _CANDIDATES[-1]))


def index_bytes(kind: Kind, n: int, dimension: int) -> int:
    """Approximate memory of an index of ``n`` vectors; ``ivf-pq`` maps them from the disk."""
    of_vector = {"exact": 4, "fast-scan": 1 / 4, "hnsw": 4, "ivf-pq": 1 / 4}
    beside = {"hnsw": 2 * 4 * HNSW_LINKS, "ivf-pq": 8}
    return int(n * (of_vector[kind] * dimension + beside.get(kind, 0)))


def _found(
    index: Index, questions: np.ndarray, nearest_rows: np.ndarray
) -> dict[int, dict[int, float]]:
    """Candidates for each product wanted -> depth -> mean share of the nearest rows among them.

    Candidates are compared exactly, so the nearest among them are those that a list shows.
    """
    choices = [Index(index.faiss, c) for c in (_CANDIDATES if index.is_quantized else (1,))]
    proposed = search_index(index, questions, choices[-1].proposed(DEPTH))[1]
    places = _places(nearest_rows, proposed)
    return {
        choice.candidates: {
            depth: float(np.mean(places[:, :depth] < choice.proposed(depth))) for depth in _DEPTHS
        }
        for choice in choices
    }


def _places(wanted: np.ndarray, proposed: np.ndarray) -> np.ndarray:
    """The place of each of ``wanted`` in ``proposed``, rows of questions both; or _NOWHERE."""
    places = np.full(wanted.shape, _NOWHERE)
    for found, some, others in zip(places, wanted, proposed, strict=True):
        order = np.argsort(others)
        at = np.searchsorted(others, some, sorter=order).clip(max=len(others) - 1)
        found[:] = np.where(others[order[at]] == some, order[at], _NOWHERE)
    return places
