"""The encoder without torch: OpenVINO runs the graph, tokenizers cuts the texts into tokens."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recsys_lib.processors import processors
from recsys_lib.search._bert import Bert, Range
from recsys_lib.search._bert_tokens import BertTokens, ReadsBertTokens
from recsys_lib.search._graphs import compiled, padded
from recsys_lib.search._ranges import ranges_of


class OpenVinoModel(ReadsBertTokens):
    """A BERT model in a folder, run by OpenVINO; one thread may use it at a time.

    Parameters
    ----------
    folder: the files of the model; :func:`recsys_lib.search._bert.why_not` must be "".
    precision: float32, or int8: 8-bit inputs and weights of all linear layers.
    weights: SHA-256 of the weights.
    """

    batch_tokens = 1024  # measured, see `make bench-embed`: more do not fit into the cache

    def __init__(self, folder: Path, precision: str, weights: str) -> None:
        bert = Bert(folder)
        self.dimension, self._folder = bert.dimension, folder
        self._tokens = BertTokens(folder, bert.max_tokens)
        self._ranges: list[Range] | None = None
        self.precision, self.recipe = precision, f"openvino {precision}"
        if precision == "int8":
            self._ranges = ranges_of(bert, self._tokens.library, weights)
            self.recipe += f" {[tuple(pair) for pair in self._ranges]}"

    def encode_batches(self, batches: Iterable[Sequence[str]]) -> Iterator[np.ndarray]:
        """Vectors of each batch of texts, in order: float32, shape (n, dimension), of length 1."""
        return self._encoded(batches, self._many)

    def encode_query(self, text: str) -> np.ndarray:
        """Vector of a query: float32, shape (dimension,), of length 1."""
        return next(self._encoded([[text]], self._one))[0]

    @cached_property
    def _many(self) -> list[Any]:
        """One more than run at a time, so that none waits for its next batch."""
        streams = processors()
        model = self._compiled(streams)
        return [model.create_infer_request() for _ in range(streams + 1)]

    @cached_property
    def _one(self) -> list[Any]:
        """For queries, which are compiled for in two thirds of the time."""
        return [self._compiled(1).create_infer_request()]

    def _compiled(self, streams: int) -> Any:
        return compiled(Bert(self._folder).graph(self._ranges), streams)

    def _encoded(
        self, batches: Iterable[Sequence[str]], requests: Sequence[Any]
    ) -> Iterator[np.ndarray]:
        free, busy = deque(requests), deque[Any]()
        try:
            for texts in batches:
                if not free:
                    yield _result(busy[0])
                    free.append(busy.popleft())
                request = free.popleft()
                request.start_async(padded(self._tokens.ids(texts)))
                busy.append(request)
            while busy:
                yield _result(busy[0])
                busy.popleft()
        finally:
            for request in busy:
                request.wait()


def _result(request: Any) -> np.ndarray:
    request.wait()
    return request.get_output_tensor(0).data.copy()
