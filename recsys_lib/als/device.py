"""Where the solver runs."""

from __future__ import annotations

from pathlib import Path

from recsys_lib.errors import ParameterError

_DRIVERS = (Path("/proc/driver/nvidia/version"), Path("C:/Windows/System32/nvcuda.dll"))


def choose_device(wish: str) -> str:
    """ "cpu" or "cuda" for ``als.device``; ParameterError for a GPU that is not there.

    torch, which takes seconds to import, is asked only where a driver is installed.
    """
    if wish == "cpu" or (wish == "auto" and not any(path.exists() for path in _DRIVERS)):
        return "cpu"
    from recsys_lib.als.cuda import is_available  # noqa: PLC0415  # imports torch

    if is_available():
        return "cuda"
    if wish == "cuda":
        raise ParameterError("als.device is cuda, but torch sees no GPU: set it to auto or cpu")
    return "cpu"
