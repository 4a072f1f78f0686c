"""The encoder on the executors of a Spark cluster: each loads the model once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from recsys_lib.parameters import EmbedParameters
from recsys_lib.search._backend import Backend
from recsys_lib.search._cache import EmbeddingCache
from recsys_lib.search._models import Precision
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.spark import Cluster, failure

if TYPE_CHECKING:
    import pyarrow as pa

    from recsys_lib.display.progress import Progress

_FEWEST_TEXTS = 256
"""Fewer than these, such as the questions that an index is measured by, are encoded here."""
_TEXTS_OF_TASK = 4096
_ROW, _TEXT, _VECTOR = "row", "text", "vector"
_Recipe = tuple[str, str, str, int, int]


class ClusterEncoder(TextEncoder):
    """An encoder whose work is done by the executors, which need the model, too."""

    def __init__(self, parameters: EmbedParameters, cluster: Cluster) -> None:
        self._name, self._cluster = parameters.model, cluster
        self._of_batch = parameters.batch_tokens
        super().__init__(
            parameters.model,
            backend=parameters.backend,
            precision=parameters.precision,
            max_tokens=parameters.max_tokens,
            batch_tokens=parameters.batch_tokens,
        )

    def _encode_new(
        self,
        texts: list[str],
        new: list[int],
        vectors: np.ndarray,
        cache: EmbeddingCache | None,
        progress: Progress | None,
    ) -> None:
        if len(new) < _FEWEST_TEXTS:
            super()._encode_new(texts, new, vectors, cache, progress)
            return
        with self._cluster.scratch() as folder, self._cluster.session("embed") as spark:
            table = pl.DataFrame({_ROW: new, _TEXT: [texts[row] for row in new]})
            table.write_parquet(folder / "texts.parquet")
            tasks = max(spark.sparkContext.defaultParallelism, -(-len(new) // _TEXTS_OF_TASK))
            read = spark.read.parquet((folder / "texts.parquet").as_uri()).repartition(tasks)
            recipe = (self._name, self.backend, self.precision, self.max_tokens, self._of_batch)
            made = read.mapInArrow(partial(_encode, recipe), f"{_ROW} long, {_VECTOR} binary")
            try:
                made.write.parquet((folder / "vectors").as_uri())
            except Exception as error:  # of Java and of Spark, which have many classes
                raise failure(error, "the executors could not encode the texts") from error
            rows = _filled(folder / "vectors", vectors)
        if cache:
            cache.put([texts[row] for row in rows], vectors[rows])
        if progress:
            progress.update(len(new))


def _filled(folder: Path, vectors: np.ndarray) -> np.ndarray:
    """Put the vectors where they belong; returns their rows."""
    made = pl.read_parquet(folder / "*.parquet")
    rows = made[_ROW].to_numpy()
    joined = b"".join(made[_VECTOR])
    vectors[rows] = np.frombuffer(joined, dtype=np.float32).reshape(len(rows), vectors.shape[1])
    return rows


def _encode(recipe: _Recipe, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Runs on an executor."""
    import pyarrow as pa  # noqa: PLC0415  # only where there is a cluster

    for batch in batches:
        if not len(batch):
            continue
        vectors = _encoder(recipe).encode(batch.column(1).to_pylist())
        columns = {_ROW: batch.column(0), _VECTOR: [vector.tobytes() for vector in vectors]}
        yield pa.RecordBatch.from_pydict(columns)


@cache
def _encoder(recipe: _Recipe) -> TextEncoder:
    """One for each Python of an executor, which Spark keeps from task to task."""
    model, backend, precision, max_tokens, batch_tokens = recipe
    return TextEncoder(
        model,
        backend=cast(Backend, backend),
        precision=cast(Precision, precision),
        max_tokens=max_tokens,
        batch_tokens=batch_tokens,
    )
