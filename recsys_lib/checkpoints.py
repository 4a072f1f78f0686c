"""Checkpoints of long computations, so that a killed process goes on where it was.

The name of a checkpoint has a fingerprint of everything that the result depends on: code, versions
of libraries, data and parameters. So a computation can only find its own, and goes on to the same
result as without a break. After its end the checkpoint is removed.
"""

from __future__ import annotations

import hashlib
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from recsys_lib.errors import StorageError
from recsys_lib.files import replacing
from recsys_lib.imports import versions_of
from recsys_lib.sources import module_digest

SECONDS = 15.0
"""A checkpoint is written when this much work would be lost without it."""
_MOST_SHARE = 0.02
"""Writing takes at most about this share of the time."""
_LIBRARIES = ("implicit", "numba", "numpy", "scipy", "torch")

Arrays = Mapping[str, np.ndarray]


class Checkpoints:
    """The checkpoints of one step, in a folder; without a folder, nothing is kept."""

    def __init__(self, folder: Path | None = None, step: str = "") -> None:
        self._folder, self._step = folder, step

    def of(self, name: str, module: str, *inputs: object) -> Checkpoint:
        """The checkpoint ``name`` of the code in ``module`` (its file) with these inputs.

        Inputs are arrays, and values whose ``repr`` says everything about them.
        """
        if self._folder is None:
            return Checkpoint()
        digest = hashlib.sha256(module_digest(Path(module)).encode())
        versions = [f"{name} {version}" for name, version in versions_of(_LIBRARIES).items()]
        for value in (versions, *inputs):
            _add(digest, value)
        return Checkpoint(self._folder / f"{self._step}-{name}-{digest.hexdigest()[:32]}.npz")

    def remove(self) -> None:
        """Remove them all once results are stored, also those of other parameters."""
        if self._folder is not None:
            for path in self._folder.glob(f"{self._step}-*.npz"):
                path.unlink(missing_ok=True)
            with suppress(OSError):  # another step may keep some
                self._folder.rmdir()


class Checkpoint:
    """Arrays that a computation goes on from, in one file; without a path, nothing is kept.

    Parameters
    ----------
    path: the file; its folder is made when it is first written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._wait, self._last = SECONDS, time.monotonic()

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays that were kept; None without any, or with a warning if they are damaged."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                return dict(file)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            self._warn(f"the checkpoint {self.path} is damaged ({error}), so it starts anew")
            return None

    def save_if_due(self, arrays: Callable[[], Arrays]) -> None:
        """Keep ``arrays()`` if enough was done since the last time.

        Where the disk is full or forbids writing, a warning says so, and the work goes on.
        """
        started = time.monotonic()
        if self.path is None or started - self._last < self._wait:
            return
        try:
            with replacing(self.path) as temporary, temporary.open("wb") as file:
                np.savez(file, **dict(arrays()))  # type: ignore[arg-type]  # its stubs are narrower
        except StorageError as error:
            self._warn(f"no checkpoint was kept: {error}")
            self.path = None
            return
        self._last = time.monotonic()
        self._wait = max(SECONDS, (self._last - started) / _MOST_SHARE)

    @staticmethod
    def _warn(text: str) -> None:
        warnings.warn(text, stacklevel=3)


def _add(digest: hashlib._Hash, value: object) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"\n{value.dtype} {value.shape} ".encode())
        digest.update(np.ascontiguousarray(value).data)
    else:
        digest.update(f"\n{value!r} ".encode())
