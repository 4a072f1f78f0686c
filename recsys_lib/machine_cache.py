"""Folders of this machine for what can be made again: machine code, vectors of a vocabulary."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def cache_of_machine(name: str, preferred: Path | None = None) -> Path:
    """A folder of this name that can be written to.

    It lies in ``preferred``, beside this file, or in the user's cache. Where none of them can be
    written to it is a temporary one, which goes with the process.
    """
    user = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    places = [preferred] if preferred else []
    for place in [*places, Path(__file__).parent / "__pycache__", user / "recsys"]:
        with suppress(OSError):
            (place / name).mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=place / name).close()
            return place / name
    folder = tempfile.mkdtemp(prefix=f"recsys-{name}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
