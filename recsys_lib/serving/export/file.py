"""The files of an export: Parquet, written row group by row group and placed when whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recsys_lib.files import replacing
from recsys_lib.ids import IdMap
from recsys_lib.ranking.top_k import NO_ITEM

_DICTIONARY_BYTES = 1 << 28  # ids are stored once in each row group, however many they are


@dataclass(frozen=True)
class ListsFile:
    """An open file of lists; ``items`` are the ids behind the positions."""

    items: pa.Array
    writer: pq.ParquetWriter

    def write(self, asking: pa.Array, items: np.ndarray, scores: np.ndarray) -> int:
        """Append a row group; returns its number of rows.

        ``asking`` are ids, shape (rows,); ``items``, positions, and ``scores`` have the shape
        (rows, n). Places without an item are left out.
        """
        row, place = np.nonzero(items != NO_ITEM)
        arrays = [
            pa.DictionaryArray.from_arrays(pa.array(row.astype(np.int32)), asking),
            pa.array((place + 1).astype(np.int32)),
            pa.DictionaryArray.from_arrays(pa.array(items[row, place]), self.items),
            pa.array(scores[row, place].astype(np.float32)),
        ]
        table = pa.Table.from_arrays(arrays, schema=self.writer.schema)
        self.writer.write_table(table, row_group_size=max(1, len(table)))
        return len(table)


@contextmanager
def lists_file(
    path: Path, columns: Sequence[str], items: IdMap, about: Mapping[str, str]
) -> Iterator[ListsFile]:
    """Open ``path`` for writing; when the block has succeeded it is there, whole.

    ``columns`` names the asking id, rank, item id and score; ``about`` goes into the metadata of
    the file. After an error a file that was there before stays.
    """
    text = pa.dictionary(pa.int32(), pa.large_string())
    types = (text, pa.int32(), text, pa.float32())
    schema = pa.schema(list(zip(columns, types, strict=True)))
    options = {"store_schema": False, "dictionary_pagesize_limit": _DICTIONARY_BYTES}
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", **options) as writer,
    ):
        yield ListsFile(texts(items), writer)
        writer.add_key_value_metadata(dict(about))


def texts(ids: IdMap) -> pa.Array:
    """All ids of a map."""
    return ids.series().to_arrow().cast(pa.large_string())
