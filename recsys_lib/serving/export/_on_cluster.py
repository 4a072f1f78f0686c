"""Lists of users made by the executors of a Spark cluster: each opens the version once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recsys_lib.files import replacing
from recsys_lib.spark import Cluster, failure

_USERS_OF_TASK = 50_000
_ROWS_FILE = "rows.npy"

WriteUsers = Callable[[np.ndarray, Path], None]
"""Writes the lists of the users with these rows into a folder."""


def write_on_cluster(write: WriteUsers, rows: np.ndarray, path: Path, cluster: Cluster) -> None:
    """Write the lists of the users in ``rows`` to ``path``, made in parts by the executors.

    The file is the same as that of one process, but for its row groups. Users with equal histories
    share a list in the part that they are in.

    Raises
    ------
    EngineError
        When the executors fail; an older file stays.
    """
    with cluster.scratch() as folder, cluster.session("export") as spark:
        np.save(folder / _ROWS_FILE, rows)
        tasks = max(1, spark.sparkContext.defaultParallelism, -(-len(rows) // _USERS_OF_TASK))
        bounds = np.linspace(0, len(rows), tasks + 1).astype(int).tolist()
        parts = [*zip(range(tasks), bounds, bounds[1:], strict=False)]
        each = spark.createDataFrame(parts, "part int, low int, high int").repartition(
            tasks, "part"
        )
        try:
            each.mapInArrow(partial(_write_parts, write, folder), "part int").collect()
        except Exception as error:  # of Java and of Spark, which have many classes
            raise failure(error, "the executors could not write the lists") from error
        _join([_folder(folder, part) / path.name for part in range(tasks)], path)


def _write_parts(
    write: WriteUsers, folder: Path, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Runs on an executor."""
    rows = np.load(folder / _ROWS_FILE, mmap_mode="r")
    for batch in batches:
        for part, low, high in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            out = _folder(folder, part)
            out.mkdir(exist_ok=True)  # a task that is tried again finds it
            write(np.array(rows[low:high]), out)
        yield batch.select([0])


def _folder(folder: Path, part: int) -> Path:
    return folder / f"part-{part}"


def _join(parts: Iterable[Path], path: Path) -> None:
    """One file of several with the same columns; it appears when it is whole."""
    files = [pq.ParquetFile(part) for part in parts]
    schema = files[0].schema_arrow.remove_metadata()
    about: dict[Any, Any] = files[0].metadata.metadata or {}
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", store_schema=False) as writer,
    ):
        for file in files:
            for group in range(file.num_row_groups):
                writer.write_table(file.read_row_group(group))
        writer.add_key_value_metadata(about)
