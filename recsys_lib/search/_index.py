"""The vector index: the only module that uses FAISS.

Vectors have length 1, so their inner product is the cosine. ``exact`` compares a query with every
product. ``fast-scan`` does so with four bits for two dimensions, which are looked up in processor
registers. The other kinds look at some products only: ``hnsw`` follows a graph of neighbours and
stores all vectors; ``ivf-pq`` looks into the nearest of many clusters, whose products lie in lists
on the disk with a byte for four dimensions (product quantization). References: André, Kermarrec,
Le Scouarnec (2017), Accelerated nearest neighbor search with Quick ADC; Malkov and Yashunin (2018)
for HNSW; Jégou, Douze, Schmid (2011) for product quantization.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from faiss.contrib.inspect_tools import get_invlist
from threadpoolctl import threadpool_limits

from recsys_lib.errors import ArtifactError
from recsys_lib.search._vectors import in_blocks, prepared

LISTS_FILE = "index.lists"
"""Beside an index whose lists are on the disk."""
_SIZES_FILE = "index.sizes.npy"
HNSW_LINKS = 32
_HNSW_BUILD_BREADTH = 80
_ASSIGN_BREADTH = 32  # links looked at to find the nearest centroid: right for 99 of 100 vectors
_ROW_BYTES = 8
_ROUNDS, _PER_CODE = 10, 64  # of k-means: rounds, and vectors to learn one of 256 codes from
_SEED = 1234
_COMPARED_AT_ONCE = 65_536
_CANDIDATES, _FEWEST = 8, 50
_CLUSTERS_TO_CHECK = 8


@dataclass
class Index:
    """A FAISS index, and how its answers are to be read.

    Parameters
    ----------
    candidates: products it proposes for each one wanted, to be compared exactly, since it stores
        rounded vectors; 1 where its scores are cosines.
    """

    faiss: faiss.Index
    candidates: int = 1

    @classmethod
    def of(cls, index: faiss.Index, candidates: int | None = None) -> Index:
        """With the usual number of candidates unless it is given."""
        rounded = isinstance(index, faiss.IndexIVF | faiss.IndexPQFastScan)
        return cls(index, candidates or (_CANDIDATES if rounded else 1))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of vectors, and their dimension."""
        return self.faiss.ntotal, self.faiss.d

    @property
    def is_quantized(self) -> bool:
        """Whether it stores rounded vectors, so that its scores only approximate cosines."""
        return self.candidates > 1

    def proposed(self, k: int) -> int:
        """How many products it is asked for where ``k`` are wanted.

        Short lists have more candidates each: rounding changes the order of a few near ones most.
        """
        return self.candidates * max(k, _FEWEST) if self.is_quantized else k

    @property
    def can_filter(self) -> bool:
        """Whether :func:`search_index` takes ``allowed`` rows."""
        return not isinstance(self.faiss, faiss.IndexPQFastScan)


def exact_index(vectors: np.ndarray) -> Index:
    """All vectors as they are; float32, shape (n, d)."""
    return _filled(faiss.IndexFlatIP(vectors.shape[1]), vectors)


def graph_index(vectors: np.ndarray) -> Index:
    """All vectors and the links of a graph of neighbours."""
    index = faiss.IndexHNSWFlat(vectors.shape[1], HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = _HNSW_BUILD_BREADTH
    return _filled(index, vectors)


def scan_index(vectors: np.ndarray, sample: np.ndarray) -> Index:
    """Four bits for two dimensions; ``sample`` are vectors that the codes are learned from."""
    dimension = vectors.shape[1]
    codes = dimension // 2 if dimension % 2 == 0 else dimension
    index = faiss.IndexPQFastScan(dimension, codes, 4, faiss.METRIC_INNER_PRODUCT)
    # Hundreds of k-means of 16 centroids: threads take ten times as long, waiting for each other.
    with threadpool_limits(1, "openmp"):
        index.train(sample)
    return _filled(index, vectors)


def lists_index(sample: np.ndarray, n_clusters: int, code_bytes: int) -> Index:
    """Empty lists of about ``n_clusters``, and codes of as many bytes, learned from a sample."""
    dimension, metric = sample.shape[1], faiss.METRIC_INNER_PRODUCT
    # A query is compared with every centroid, 1.3 ms for 12,000: a graph found half of 1,024 lists.
    coarse = faiss.IndexFlatIP(dimension)
    coarse.add(_centroids(sample, n_clusters))
    index = faiss.IndexIVFPQ(coarse, dimension, coarse.ntotal, code_bytes, 8, metric)
    codes = index.pq.cp  # of k-means, once for each byte
    codes.max_points_per_centroid, codes.niter = _PER_CODE, _ROUNDS
    index.train(sample)
    return Index.of(index)


def centroid_graph(index: Index) -> Index:
    """The centroids of the lists in a graph, which finds the nearest of 12,000 in half the time."""
    coarse = index.faiss.quantizer
    graph = graph_index(coarse.reconstruct_n(0, coarse.ntotal))
    set_breadth(graph, _ASSIGN_BREADTH)
    return graph


def add_to_lists(index: Index, graph: Index, vectors: np.ndarray, first: int) -> None:
    """Put vectors, float32, shape (n, d), into the lists as the rows from ``first`` on.

    ``graph`` is that of :func:`centroid_graph`.
    """
    lists = np.ascontiguousarray(graph.faiss.search(vectors, 1)[1][:, 0])
    rows = np.arange(first, first + len(vectors))
    addresses = (faiss.swig_ptr(array) for array in (vectors, rows, lists))
    index.faiss.add_core(len(vectors), *addresses)


def move_lists(index: Index, path: Path) -> np.ndarray:
    """Write what the lists hold to a file, and empty them; returns their sizes, int64.

    Of each list in turn the file has its codes and then its rows, int64.
    """
    lists, sizes = index.faiss.invlists, _list_sizes(index)
    with path.open("wb") as file:
        for number in range(lists.nlist):
            rows, codes = get_invlist(lists, number)
            file.write(codes.data)
            file.write(rows.data)
    index.faiss.reset()
    return sizes


def open_lists(index: Index, path: Path, sizes: np.ndarray) -> None:
    """Let the index read its lists from a file as of :func:`move_lists`, memory-mapped.

    ArtifactError when the sizes of the lists are not those of the file.
    """
    own = index.faiss
    expected = int(sizes.sum()) * list_bytes(own.code_size)
    if len(sizes) != own.nlist or path.stat().st_size != expected:
        raise ArtifactError(f"{path} is not of the same run as the index: run the embed step again")
    lists = faiss.OnDiskInvertedLists(own.nlist, own.code_size, str(path))
    lists.read_only, lists.totsize = True, path.stat().st_size
    # Threads that read ahead cost more than they save once the system has the lists in memory.
    lists.prefetch_nthread = 0
    lengths = sizes.astype(np.uint64)  # kept alive: FAISS gets its address
    lists.set_all_lists_sizes(faiss.swig_ptr(lengths))
    lists.do_mmap()
    own.replace_invlists(lists, True)
    lists.this.disown()
    own.ntotal = int(sizes.sum())


def search_exactly(
    embeddings: np.ndarray, vectors: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores and rows of the k embeddings most similar to each vector, without an index.

    ``embeddings`` may be memory-mapped: they are read in blocks.
    """
    queries = prepared(vectors, "the query vectors")
    best = faiss.ResultHeap(len(queries), min(k, len(embeddings)), keep_max=True)
    for rows, block in in_blocks(embeddings, _COMPARED_AT_ONCE):
        some = faiss.knn(queries, block, min(k, len(block)), metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(some[0], some[1] + rows.start)
    best.finalize()
    return best.D, best.I


def search_index(
    index: Index, vectors: np.ndarray, k: int, allowed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows most similar to each vector, best first.

    ``vectors`` has shape (q, d); with ``allowed``, bool, shape (n,), only its rows can be found,
    which an index must support (``can_filter``). Returns scores, float32, and rows, int64, both
    of shape (q, min(k, number of rows)); a row is -1 where an approximate index found no more.
    Raises ValueError when the dimension is not that of the index, or k is below 1.
    """
    queries, (n, dimension) = prepared(vectors, "the query vectors"), index.shape
    if queries.shape[1] != dimension:
        raise ValueError(
            f"the query vectors have {queries.shape[1]} dimensions, the index has {dimension}: "
            "they come from different encoders; run the embed step again"
        )
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    if allowed is None:
        return index.faiss.search(queries, min(k, n))
    n_allowed = int(allowed.sum())
    if n_allowed == 0:
        return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    bits = np.packbits(allowed, bitorder="little")
    options = _only(index.faiss, faiss.IDSelectorBitmap(bits))
    return index.faiss.search(queries, min(k, n_allowed), params=options)


def set_breadth(index: Index, value: int) -> None:
    """Set how many links or clusters a search visits; more find more and take longer."""
    if hasattr(index.faiss, "hnsw"):
        index.faiss.hnsw.efSearch = value
    elif hasattr(index.faiss, "nprobe"):
        index.faiss.nprobe = value


def stored_cosine(index: Index, row: int, vector: np.ndarray) -> float:
    """Cosine of a vector, shape (d,), to vector ``row`` as the index stores it, maybe rounded.

    In lists it is looked for in those where this vector would lie; -1 when it is not there.
    """
    if not isinstance(index.faiss, faiss.IndexIVF):
        return float(index.faiss.reconstruct(row) @ vector)
    only = faiss.SearchParametersIVF(
        sel=faiss.IDSelectorRange(row, row + 1), nprobe=_CLUSTERS_TO_CHECK
    )
    scores, rows = index.faiss.search(prepared(vector[None], "the vector"), 1, params=only)
    return float(scores[0, 0]) if rows[0, 0] == row else -1.0


def save_index(index: Index, path: Path) -> None:
    """Write the index in FAISS's own format.

    Lists on the disk must be ``LISTS_FILE`` beside it: of them the sizes are written.
    """
    own = index.faiss
    if not isinstance(own, faiss.IndexIVF):
        faiss.write_index(own, str(path))
        return
    np.save(path.with_name(_SIZES_FILE), _list_sizes(index))
    lists, none = own.invlists, faiss.ArrayInvertedLists(own.nlist, own.code_size)
    own.own_invlists = False
    own.replace_invlists(none)
    faiss.write_index(own, str(path))
    own.replace_invlists(lists, True)


def load_index(path: Path, candidates: int | None = None) -> Index:
    """Read what :func:`save_index` wrote, memory-mapped; ArtifactError when it is damaged."""
    try:
        index = Index.of(faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC), candidates)
    except RuntimeError as error:
        raise ArtifactError(
            f"{path} cannot be read as an index ({error}): run the embed step again"
        ) from error
    if (lists := path.with_name(LISTS_FILE)).is_file():
        open_lists(index, lists, np.load(path.with_name(_SIZES_FILE)))
    return index


def list_bytes(code_bytes: int) -> int:
    """Bytes of a vector in a list: its code and its row."""
    return code_bytes + _ROW_BYTES


def _list_sizes(index: Index) -> np.ndarray:
    lists = index.faiss.invlists
    return np.array([lists.list_size(number) for number in range(lists.nlist)], dtype=np.int64)


def _filled(index: faiss.Index, vectors: np.ndarray) -> Index:
    index.add(vectors)
    return Index.of(index)


def _centroids(sample: np.ndarray, n: int) -> np.ndarray:
    """About ``n`` centroids, float32, of length 1: those of clusters, each clustered again.

    k-means with two levels of the root of n compares a vector with 2 times the root of n centroids
    instead of n.
    """
    coarse = _kmeans(sample, max(1, round(n**0.5)))
    cluster = coarse.assign(sample)[1]
    order = np.argsort(cluster, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(cluster[order])) + 1)
    sizes = (max(1, round(n * len(part) / len(sample))) for part in parts)
    fine = (_kmeans(sample[part], size) for part, size in zip(parts, sizes, strict=True))
    return np.concatenate([clusters.centroids for clusters in fine])


def _kmeans(vectors: np.ndarray, n: int) -> faiss.Kmeans:
    clusters = faiss.Kmeans(
        vectors.shape[1],
        n,
        niter=_ROUNDS,
        spherical=True,
        seed=_SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=len(vectors),
    )
    clusters.train(vectors)
    return clusters


def _only(index: faiss.Index, selector: faiss.IDSelector) -> faiss.SearchParameters:
    if hasattr(index, "hnsw"):
        return faiss.SearchParametersHNSW(sel=selector, efSearch=index.hnsw.efSearch)
    if hasattr(index, "nprobe"):
        return faiss.SearchParametersIVF(sel=selector, nprobe=index.nprobe)
    return faiss.SearchParameters(sel=selector)
