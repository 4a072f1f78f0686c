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
from recsys_lib.columns import Exports
from recsys_lib.display.progress import progress_for
from recsys_lib.files import replacing
from recsys_lib.ids import IdMap, Ids
from recsys_lib.ranking import NO_ITEM, MaximumInnerProduct, in_blocks
from recsys_lib.rules import Asked
from recsys_lib.serving.export._ruled import RuledLists
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
    labels: int32, shape (lists, n): number of what the rules of the shop say of an item, -1 for
        nothing; None where there are no rules.
    """

    items: np.ndarray
    scores: np.ndarray
    labels: np.ndarray | None = None

    def of_users(self, users: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Items, scores and labels of some users, shape (users, n)."""
        mine = self.group[users]
        labels = None if self.labels is None else self.labels[mine]
        return self.items[mine], self.scores[mine] * self.scale[users, None], labels


def blend_lists(
    blend: BlendModel,
    rows: np.ndarray,
    n: int,
    groups: np.ndarray | None,
    scratch: Path,
    console: Console | None = None,
    ruled: RuledLists | None = None,
) -> Lists:
    """What the blend recommends to the users in ``rows``; ``scratch`` is a folder for files.

    ``groups`` are those of :func:`one_of_each`; with ``ruled`` the lists keep the rules.
    """
    histories = blend.histories.take(rows)
    group, users = histories.distinct()
    # Users with histories of one length have the same weights, and so the same bounds.
    in_order = np.argsort(histories.lengths[users], kind="stable")
    users, group = rows[users[in_order]], np.argsort(in_order)[group]
    alone = _named(ruled, blend.als, rows)
    group[alone] = len(users) + np.arange(len(alone))
    names = [None] * len(users) + list(blend.als.users.ids(rows[alone]))
    users = np.concatenate([users, rows[alone]])
    lists = _empty(scratch, len(users), n, group, ruled)
    name = f"lists for {len(group):,} users"
    with progress_for(len(users), "lists", name=name, console=console) as progress:
        for start in range(0, len(users), _COMPUTED):
            some = users[start : start + _COMPUTED]
            part = slice(start, start + len(some))
            asked: list[Asked] = []
            if ruled is not None:
                own = blend.histories.take(some)
                asked = [
                    Asked("user", names[start + place], own.take(np.array([place])).items)
                    for place in range(len(some))
                ]
            _fill(lists, part, _blend_best(blend, some), groups, asked, ruled, len(blend.items))
            progress.update(part.stop)
    return lists


def _named(ruled: RuledLists | None, als: AlsModel, rows: np.ndarray) -> np.ndarray:
    """Positions of the users whom rules name: they share a list with nobody."""
    if ruled is None or ruled.models.rules is None:
        return np.empty(0, dtype=np.int64)
    found = als.users.rows(sorted(ruled.models.rules.named_users), missing="negative")
    return np.flatnonzero(np.isin(rows, found[found >= 0]))


def _fill(
    lists: Lists,
    part: slice,
    best: Callable[[np.ndarray, int], Found],
    groups: np.ndarray | None,
    asked: Sequence[Asked],
    ruled: RuledLists | None,
    most: int,
) -> None:
    """Put some of the lists where they belong."""
    n = lists.items.shape[1]
    if ruled is None or lists.labels is None:
        lists.items[part], lists.scores[part] = one_of_each(best, part.stop - part.start, n, groups)
    else:
        found = ruled.arrange(best, asked, n, most)
        lists.items[part], lists.scores[part], lists.labels[part] = found


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
    ruled: RuledLists | None = None,
) -> Lists:
    """What matrix factorization recommends to the users in ``rows``; as :func:`blend_lists`."""
    queries = user_queries(als, rows, scratch)
    alone = _named(ruled, als, rows)
    shared = queries.n_lists
    names = [None] * shared + list(als.users.ids(rows[alone]))
    queries = queries.alone(alone)
    ranker = MaximumInnerProduct.from_factors(als.model.item_factors)
    lists = _empty(scratch, queries.n_lists, n, queries.group, ruled, queries.scale)
    name = f"lists for {len(rows):,} users"
    with progress_for(queries.n_lists, "lists", name=name, console=console) as progress:
        for start in range(0, queries.n_lists, _COMPUTED):
            part = slice(start, min(start + _COMPUTED, queries.n_lists))
            asked = [
                Asked("user", names[one], queries.history(one))
                for one in (range(part.start, part.stop) if ruled else ())
            ]
            _fill(
                lists, part, _als_best(queries, ranker, part), groups, asked, ruled, len(als.items)
            )
            progress.update(part.stop)
    return lists


def _als_best(
    queries: Queries, ranker: MaximumInnerProduct, part: slice
) -> Callable[[np.ndarray, int], Found]:
    """The best items of some of the lists."""
    return lambda lists, n: queries.best(ranker, part.start + lists, n)


def user_queries(als: AlsModel, rows: np.ndarray, scratch: Path) -> Queries:
    """The queries of the users in ``rows``; vectors are kept in a file in ``scratch``."""
    parameters, histories = als.parameters, als.user_items
    one_lambda = not parameters.frequency_scaling
    weighted = recency_weighted(histories, als.histories.newer, parameters.recency_half_life)
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

    def write(
        self,
        query_ids: pa.Array,
        items: np.ndarray,
        scores: np.ndarray,
        labels: np.ndarray | None = None,
        names: Sequence[str] = (),
        list_ids: Sequence[str] = (),
    ) -> int:
        """Append a row group; returns its number of rows.

        ``query_ids`` has shape (rows,); ``items``, positions, ``scores``, and ``labels``, numbers
        of ``names``, have the shape (rows, n). Ranks without an item are left out. ``list_ids`` has
        one id for each of ``query_ids``, or none.
        """
        row, rank = np.nonzero(items != NO_ITEM)
        arrays = [
            pa.DictionaryArray.from_arrays(pa.array(row.astype(np.int32)), query_ids),
            pa.array((rank + 1).astype(np.int32)),
            pa.DictionaryArray.from_arrays(pa.array(items[row, rank]), self.items),
            pa.array(scores[row, rank].astype(np.float32)),
        ]
        if labels is not None:
            numbers = labels[row, rank]
            known = pa.array(numbers, mask=numbers == NO_ITEM)
            text = pa.array([*names], type=pa.large_string())
            arrays.append(pa.DictionaryArray.from_arrays(known, text))
        if list_ids:
            named = pa.array([*list_ids], type=pa.large_string())
            arrays.append(pa.DictionaryArray.from_arrays(pa.array(row.astype(np.int32)), named))
        table = pa.Table.from_arrays(arrays, schema=self.writer.schema)
        self.writer.write_table(table, row_group_size=max(1, len(table)))
        return len(table)


@contextmanager
def lists_file(
    path: Path,
    columns: Sequence[str],
    items: IdMap,
    about: Mapping[str, str],
    *,
    ruled: bool = False,
    logged: bool = False,
) -> Iterator[ListsFile]:
    """Write ``path`` in a block; it appears, whole, when the block has succeeded.

    ``columns`` names the query id, rank, item id and score; ``about`` goes into the metadata of
    the file. With ``ruled`` one more column says which rule of the shop moved the item, with
    ``logged`` another one has the id of the list. After an error an older file stays.
    """
    text = pa.dictionary(pa.int32(), pa.large_string())
    types = (text, pa.int32(), text, pa.float32())
    fields = list(zip(columns, types, strict=True))
    fields += [(Exports.RULE, text)] * ruled + [(Exports.LIST, text)] * logged
    schema = pa.schema(fields)
    options = {"store_schema": False, "dictionary_pagesize_limit": _DICTIONARY_BYTES}
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", **options) as writer,
    ):
        yield ListsFile(id_array(items), writer)
        writer.add_key_value_metadata(dict(about))


def id_array(ids: Ids) -> pa.Array:
    """All ids of a map, in its order."""
    return ids.series().to_arrow().cast(pa.large_string())


def _empty(
    scratch: Path,
    n_lists: int,
    n: int,
    group: np.ndarray,
    ruled: RuledLists | None,
    scale: np.ndarray | None = None,
) -> Lists:
    """Lists to be filled, on disk: they need not fit into memory."""
    shape = (n_lists, n)
    labels = None if ruled is None else _array(scratch / "labels.npy", np.int32, shape)
    return Lists(
        items=_array(scratch / "items.npy", np.int32, shape),
        scores=_array(scratch / "scores.npy", np.float32, shape),
        labels=labels,
        group=group,
        scale=np.ones(len(group), dtype=np.float32) if scale is None else scale,
    )


def _array(path: Path, kind: type[np.generic], shape: tuple[int, int]) -> np.ndarray:
    if 0 in shape:  # cannot be mapped
        return np.empty(shape, dtype=kind)
    return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
