"""OpenVINO: the import, a graph that can be run, and what is put into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recsys_lib.imports import without_collection, without_modules


def import_openvino() -> Any:
    """The library without its converter, which is slow to import and reports use to its makers."""
    with without_collection(), without_modules("openvino.tools"):
        import openvino  # noqa: PLC0415  # takes 0.3 s
    return openvino


def compiled(graph: Any, streams: int) -> Any:
    """The graph, ready to run ``streams`` batches at a time, each in one thread."""
    options = {
        "NUM_STREAMS": str(streams),
        "INFERENCE_NUM_THREADS": streams,
        "INFERENCE_PRECISION_HINT": "f32",
        "ENABLE_CPU_PINNING": False,  # other work may have the processor
    }
    return import_openvino().Core().compile_model(graph, "CPU", options)


def padded(ids: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Ids, int32, and mask, float32: both of shape (texts, tokens of the longest)."""
    lengths = np.array([len(row) for row in ids])
    is_token = np.arange(lengths.max()) < lengths[:, None]
    filled = np.zeros(is_token.shape, dtype=np.int32)
    filled[is_token] = np.concatenate(ids)
    return [filled, is_token.astype(np.float32)]
