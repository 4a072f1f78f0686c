"""Which library runs the encoder, and in which precision."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from recsys_lib.errors import ParameterError
from recsys_lib.imports import has_torch
from recsys_lib.search._bert import why_not
from recsys_lib.search._models import PACKAGED_SHA256, Precision, SentenceModel
from recsys_lib.search._openvino import OpenVinoModel
from recsys_lib.search._static import TOKEN_VECTORS_FILE, StaticModel

Backend = Literal["auto", "torch", "openvino", "static"]

_OPENVINO_PRECISIONS = ("auto", "float32", "int8")
_PROCESSOR = Path("/proc/cpuinfo")
_INT8_DOT_PRODUCTS = re.compile(r"\b(avx512_vnni|avx_vnni|amx_int8)\b")
_GPU_FILES = (Path("/dev/nvidiactl"), Path("/dev/kfd"), Path("/dev/dxg"))


@dataclass(frozen=True)
class Chosen:
    """How texts are encoded.

    Parameters
    ----------
    backend: torch, openvino or static.
    precision: auto only for torch.
    reason: why, in a few words.
    """

    backend: Backend
    precision: Precision
    reason: str


def choose(folder: Path, weights: str, backend: Backend, precision: Precision) -> Chosen:
    """The backend and the precision of the model in ``folder``.

    By `make bench-embed` OpenVINO in float32 is 2.5 to 3 times as fast as torch where the processor
    has no bfloat16; int8 is faster only where it multiplies 8-bit numbers, see docs/performance.md.
    Static is never chosen by itself. ParameterError for a backend that cannot run the model.
    """
    against = _against_openvino(folder, precision)
    if backend == "static":
        return _static(folder, precision, against)
    if backend == "torch" or (backend == "auto" and precision in {"bfloat16", "float16"}):
        if precision == "int8":
            raise ParameterError("embed.precision int8 needs embed.backend openvino")
        return Chosen("torch", precision, "as the parameters say")
    if backend == "openvino":
        if against:
            raise ParameterError(
                f"embed.backend openvino cannot run {folder.name}: {against}. "
                "Choose embed.backend torch"
            )
        return _by_openvino(precision, weights, "as the parameters say")
    reason = against or _better_with_torch(weights, precision)
    if reason and precision == "int8":
        raise ParameterError(f"embed.precision int8 is not possible: {reason}")
    if reason:
        return Chosen("torch", precision, f"not OpenVINO: {reason}")
    return _by_openvino(precision, weights, "the fastest here")


def open_model(folder: Path, weights: str, chosen: Chosen, stored: Path | None) -> Any:
    """Load the model; all kinds have the same methods. ``stored`` has what a static one learned."""
    if chosen.backend == "static":
        return StaticModel(folder, weights, stored / TOKEN_VECTORS_FILE if stored else None)
    if chosen.backend == "openvino":
        return OpenVinoModel(folder, chosen.precision, weights)
    return SentenceModel(folder, chosen.precision)


def _static(folder: Path, precision: Precision, against: str) -> Chosen:
    if precision == "int8":
        against = "its precision is float32"
    if against:
        raise ParameterError(
            f"embed.backend static cannot make vectors of the tokens of {folder.name}: {against}"
        )
    return Chosen("static", "float32", "as the parameters say")


def _by_openvino(precision: Precision, weights: str, reason: str) -> Chosen:
    if precision == "auto":
        is_known = weights == PACKAGED_SHA256  # whose quality in int8 was measured
        precision = "int8" if is_known and multiplies_int8() else "float32"
    return Chosen("openvino", precision, reason)


def _against_openvino(folder: Path, precision: Precision) -> str:
    if find_spec("openvino") is None:
        return "it is not installed (pip install openvino)"
    if precision not in _OPENVINO_PRECISIONS:
        return f"embed.precision {precision} is for torch"
    return why_not(folder)


def _better_with_torch(weights: str, precision: Precision) -> str:
    if weights != PACKAGED_SHA256 and precision != "int8":
        return "another model than the packaged one"
    return "there is a GPU" if _has_gpu() else ""


def _has_gpu() -> bool:
    """Whether torch would use one; it is asked only where the system knows of any."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    if not (has_torch() and any(file.exists() for file in _GPU_FILES)):
        return False
    import torch  # noqa: PLC0415  # takes a second

    return torch.cuda.is_available()


def multiplies_int8() -> bool:
    """Whether the processor has instructions for products of 8-bit numbers (VNNI, AMX).

    Without them int8 is no faster than float32.
    """
    return _PROCESSOR.is_file() and bool(_INT8_DOT_PRODUCTS.search(_PROCESSOR.read_text("utf-8")))
