"""The lists of an export: computed once for users who share one, and written as Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from recsys_lib.als import AlsModel, DistinctRows, recency_weighted
from recsys_lib.als.queries import Queries, SharedLists
from recsys_lib.blend import BlendModel
from recsys_lib.display.progress import progress_for
from recsys_lib.files import replacing
from recsys_lib.ids import IdMap
from recsys_lib.ranking import NO_ITEM, MaximumInnerProduct, in_blocks
from recsys_lib.serving.export._variants import Lists as Found
from recsys_lib.serving.export._variants import one_of_each

_COMPUTED = 16_384  # lists at once
_COMPACT_SCORES = 7_800  # of a user, about, where no scores of every item are held
_FOLDED = 1 << 16  # histories solved at once
_DICTIONARY_BYTES = 1 << 28  # each row group stores an id once, however many ids there are


@dataclass(frozen=True, kw_only=True)
class Lists(SharedLists):
    """The lists of some users, in their order.

    Parameters
    ----------
    items: int32, shape (lists, n): positions of items, best first, -1 where there is none.
    scores: float32, shape (lists, n).
    """

    items: np.ndarray
    scores: np.ndarray

    def of_users(self, users: slice) -> tuple[np.ndarray, np.ndarray]:
        """Items and scores of some users, shape (users, n)."""
        mine = self.group[users]
        return self.items[mine], self.scores[mine] * self.scale[users, None]


def blend_lists(
    blend: BlendModel,
    rows: np.ndarray,
    n: int,
    groups: np.ndarray | None,
    scratch: Path,
    console: Console | None = None,
) -> Lists:
    """What the blend recommends to the users in ``rows``; ``scratch`` is a folder for files.

    ``groups`` are those of :func:`one_of_each`.
    """
    histories = blend.histories.take(rows)
    group, users = histories.distinct()
    # Users with histories of one length have the same weights, and so the same bounds.
    in_order = np.argsort(histories.lengths[users], kind="stable")
    users, group = rows[users[in_order]], np.argsort(in_order)[group]
    items, scores = _arrays(scratch, len(users), n)
    name = f"lists for {len(group):,} users"
    with progress_for(len(users), "lists", name=name, console=console) as progress:
        for start in range(0, len(users), _COMPUTED):
            some = users[start : start + _COMPUTED]
            part = slice(start, start + len(some))
            best = _blend_best(blend, some)
            items[part], scores[part] = one_of_each(best, len(some), n, groups)
            progress.update(part.stop)
    scale = np.ones(len(group), dtype=np.float32)
    return Lists(items=items, scores=scores, group=group, scale=scale)


def _blend_best(blend: BlendModel, users: np.ndarray) -> Callable[[np.ndarray, int], Found]:
    """The best items of some of the users."""

    def best(lists: np.ndarray, n: int) -> Found:
        some = users[lists]
        items = np.empty((len(some), n), dtype=np.int32)
        scores = np.empty(items.shape, dtype=np.float32)

        def fill(rows: np.ndarray) -> None:
            items[rows], scores[rows] = blend.best(some[rows], n)

        every = blend.holds_every_score(some)
        in_blocks(fill, np.flatnonzero(~every), min(_COMPACT_SCORES, len(blend.items)))
        in_blocks(fill, np.flatnonzero(every), len(blend.items))
        return items, scores

    return best


def als_lists(
    als: AlsModel,
    rows: np.ndarray,
    n: int,
    groups: np.ndarray | None,
    scratch: Path,
    console: Console | None = None,
) -> Lists:
    """What matrix factorization recommends to the users in ``rows``."""
    queries = user_queries(als, rows, scratch)
    ranker = MaximumInnerProduct.from_factors(als.model.item_factors)
    items, scores = _arrays(scratch, queries.n_lists, n)
    name = f"lists for {len(rows):,} users"
    with progress_for(queries.n_lists, "lists", name=name, console=console) as progress:
        for start in range(0, queries.n_lists, _COMPUTED):
            part = slice(start, min(start + _COMPUTED, queries.n_lists))
            best = _als_best(queries, ranker, part)
            items[part], scores[part] = one_of_each(best, part.stop - part.start, n, groups)
            progress.update(part.stop)
    return Lists(items=items, scores=scores, group=queries.group, scale=queries.scale)


def _als_best(
    queries: Queries, ranker: MaximumInnerProduct, part: slice
) -> Callable[[np.ndarray, int], Found]:
    """The best items of some of the lists."""
    return lambda lists, n: queries.best(ranker, part.start + lists, n)


def user_queries(als: AlsModel, rows: np.ndarray, scratch: Path) -> Queries:
    """The queries of the users in ``rows``; vectors are kept in a file in ``scratch``."""
    parameters, histories = als.parameters, als.user_items
    one_lambda = not parameters.frequency_scaling
    weighted = recency_weighted(histories, als.newer, parameters.recency_half_life)
    distinct = DistinctRows.from_matrix(weighted[rows])
    shape = (distinct.rows.shape[0], parameters.factors)
    vectors = _array(scratch / "vectors.npy", np.float32, shape)
    for start in range(0, len(vectors), _FOLDED):
        some = slice(start, start + _FOLDED)
        vectors[some] = als.fold_in.solve_many(distinct.rows[some])
    queries = Queries.from_vectors(np.asarray(vectors), distinct.rows, one_lambda=one_lambda)
    return queries.for_users(distinct.group)


@dataclass(frozen=True)
class ListsFile:
    """An open file of lists; ``items`` are the ids behind the positions."""

    items: pa.Array
    writer: pq.ParquetWriter

    def write(self, query_ids: pa.Array, items: np.ndarray, scores: np.ndarray) -> int:
        """Append a row group; returns its number of rows.

        ``query_ids`` has shape (rows,); ``items``, positions, and ``scores`` have the shape
        (rows, n). Ranks without an item are left out.
        """
        row, rank = np.nonzero(items != NO_ITEM)
        arrays = [
            pa.DictionaryArray.from_arrays(pa.array(row.astype(np.int32)), query_ids),
            pa.array((rank + 1).astype(np.int32)),
            pa.DictionaryArray.from_arrays(pa.array(items[row, rank]), self.items),
            pa.array(scores[row, rank].astype(np.float32)),
        ]
        table = pa.Table.from_arrays(arrays, schema=self.writer.schema)
        self.writer.write_table(table, row_group_size=max(1, len(table)))
        return len(table)


@contextmanager
def lists_file(
    path: Path, columns: Sequence[str], items: IdMap, about: Mapping[str, str]
) -> Iterator[ListsFile]:
    """Write ``path`` in a block; it appears, whole, when the block has succeeded.

    ``columns`` names the query id, rank, item id and score; ``about`` goes into the metadata of
    the file. After an error an older file stays.
    """
    text = pa.dictionary(pa.int32(), pa.large_string())
    types = (text, pa.int32(), text, pa.float32())
    schema = pa.schema(list(zip(columns, types, strict=True)))
    options = {"store_schema": False, "dictionary_pagesize_limit": _DICTIONARY_BYTES}
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", **options) as writer,
    ):
        yield ListsFile(id_array(items), writer)
        writer.add_key_value_metadata(dict(about))


def id_array(ids: IdMap) -> pa.Array:
    """All ids of a map, in its order."""
    return ids.series().to_arrow().cast(pa.large_string())


def _arrays(scratch: Path, n_lists: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Items and scores on disk: they need not fit into memory."""
    items = _array(scratch / "items.npy", np.int32, (n_lists, n))
    return items, _array(scratch / "scores.npy", np.float32, (n_lists, n))


def _array(path: Path, kind: type[np.generic], shape: tuple[int, int]) -> np.ndarray:
    if 0 in shape:  # cannot be mapped
        return np.empty(shape, dtype=kind)
    return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
