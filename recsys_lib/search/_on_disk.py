"""An index of more vectors than fit into memory: lists on the disk, filled part by part.

Clusters and codes are learned from a sample. Then vectors are read in blocks from a memory-mapped
file and put into lists. Once the lists are as large as the memory allows, they are written and
emptied; at the end, the lists of all such parts are joined to one file, from which searches read
those that they visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recsys_lib.errors import ParameterError
from recsys_lib.search._index import (
    LISTS_FILE,
    Index,
    add_to_lists,
    centroid_graph,
    list_bytes,
    lists_index,
    move_lists,
    open_lists,
)
from recsys_lib.search._vectors import blocks, drawn, in_blocks

LEAST_VECTORS = 10_240
"""40 for each of the 256 values of a byte, which are learned for each piece of a vector."""

_PER_CLUSTER = 40  # vectors to learn one from: FAISS warns below 39
_DIMENSIONS_PER_BYTE = 4
_MOST_AT_ONCE = 65_536
_SEED = 1234


@dataclass(frozen=True)
class Room:
    """Where an index may put its lists, and how much memory building it may take.

    Parameters
    ----------
    folder: where the index will be saved; the file of the lists stays there, all else is deleted.
    memory_mb: for vectors, lists and clusters while they are in memory; mapped files do not count.
    """

    folder: Path
    memory_mb: int


@dataclass(frozen=True)
class Plan:
    """How many vectors are in memory at a time.

    Parameters
    ----------
    clusters: number of the lists, about.
    sample: vectors that clusters and codes are learned from.
    block: vectors that are read at once.
    part: vectors whose lists are in memory at once.
    """

    clusters: int
    sample: int
    block: int
    part: int


def plan(n: int, dimension: int, memory_mb: int) -> Plan:
    """Sizes for ``n`` vectors, such that each of the two stages takes no more than the memory.

    The sample takes half of it, since learning from it makes copies. Lists take a half, too: they
    double when they grow. An eighth holds a block and what FAISS makes of it.
    ParameterError when the memory is too small to learn anything.
    """
    memory, vector = memory_mb << 20, 4 * dimension
    most = memory // 2 // vector
    if most < LEAST_VECTORS:
        needed = -(-2 * LEAST_VECTORS * vector // (1 << 20))
        raise ParameterError(
            f"embed.index_memory_mb is {memory_mb}, but an index of {n:,} vectors of {dimension} "
            f"dimensions needs at least {needed}: raise it"
        )
    # Four times the root of n, as FAISS's guide to choosing an index advises.
    clusters = max(1, min(int(4 * n**0.5), min(n, most) // _PER_CLUSTER))
    sample = min(n, max(_PER_CLUSTER * clusters, LEAST_VECTORS))
    in_lists = list_bytes(code_bytes(dimension))
    return Plan(
        clusters,
        sample,
        block=min(_MOST_AT_ONCE, memory // 8 // (2 * vector)),
        part=memory // 2 // (2 * in_lists),
    )


def build_on_disk(embeddings: np.ndarray, room: Room) -> Index:
    """An index over ``embeddings``, shape (n, d), mostly a mapped file; row i of it is vector i.

    The index must be saved in the folder of the room, beside its lists.
    """
    n, dimension = embeddings.shape
    if n < LEAST_VECTORS:
        raise ParameterError(
            f"embed.index 'ivf-pq' needs {LEAST_VECTORS:,} vectors, but there are {n:,}: "
            "choose 'exact'"
        )
    sizes = plan(n, dimension, room.memory_mb)
    sample = drawn(embeddings, sizes.sample, _SEED)
    index = lists_index(sample, sizes.clusters, code_bytes(dimension))
    del sample  # its memory is for the lists now
    graph = centroid_graph(index)
    with TemporaryDirectory(dir=room.folder) as scratch:
        parts = []
        for part in blocks(n, sizes.part):
            for rows, vectors in in_blocks(embeddings, sizes.block, part):
                add_to_lists(index, graph, vectors, rows.start)
            path = Path(scratch, str(part.start))
            parts.append((path, move_lists(index, path)))
        lists = room.folder / LISTS_FILE
        _join(parts, code_bytes(dimension), lists)
    open_lists(index, lists, np.sum([lengths for _, lengths in parts], axis=0))
    return index


def code_bytes(dimension: int) -> int:
    """Bytes of a code: one for every four dimensions, or for more where these do not come out."""
    return max(
        size
        for size in range(1, max(1, dimension // _DIMENSIONS_PER_BYTE) + 1)
        if dimension % size == 0
    )


def _join(parts: Sequence[tuple[Path, np.ndarray]], code: int, path: Path) -> None:
    """One file of the lists of several files: of each list the codes of all, then the rows of all.

    ``parts`` are files and the sizes of their lists, ``code`` is the length of a code in bytes.
    """
    width = list_bytes(code)
    contents = [np.memmap(part, dtype=np.uint8, mode="r") for part, _ in parts]
    starts = [np.cumsum(sizes) - sizes for _, sizes in parts]
    with path.open("wb") as file:
        for number in range(len(starts[0])):
            some = [
                content[width * start[number] :][: width * sizes[number]]
                for content, start, (_, sizes) in zip(contents, starts, parts, strict=True)
            ]
            codes = [len(each) // width * code for each in some]
            for each, end in zip(some, codes, strict=True):
                file.write(each[:end].data)
            for each, end in zip(some, codes, strict=True):
                file.write(each[end:].data)
