"""Arrays that are written block by block, because the whole need not fit into memory."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np


class BlockWriter:
    """Writes files block by block within a ``with``, at whose end they are whole.

    A class of it enters its files into ``_files``.
    """

    def __init__(self) -> None:
        self._files = ExitStack()

    def _finish(self) -> None:
        """Write what is known only once all blocks are written, and the files are closed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._files.__exit__(kind, error, traceback)
        if error is None:
            self._finish()


class GrowingArray(BlockWriter):
    """A one-dimensional .npy file to which blocks are appended; a context manager.

    NumPy leaves room in the header of a file for the length of its array to grow, so the length is
    written when it is known, at the end of the block.

    Parameters
    ----------
    path
        The file; replaced if it exists.
    kind
        Type of the values.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with GrowingArray(Path(folder) / "numbers.npy", np.int32) as numbers:
    ...         numbers.append(np.arange(3))
    ...         numbers.append(np.arange(2))
    ...     np.load(Path(folder) / "numbers.npy")
    array([0, 1, 2, 0, 1], dtype=int32)
    """

    def __init__(self, path: Path, kind: type[np.generic]) -> None:
        super().__init__()
        self.path, self.kind = path, np.dtype(kind)
        self._length = 0
        self._file = self._files.enter_context(path.open("wb"))
        self._write_header(self._file)

    def __len__(self) -> int:
        return self._length

    def append(self, values: np.ndarray) -> None:
        """Write ``values`` behind those before."""
        np.ascontiguousarray(values, dtype=self.kind).tofile(self._file)
        self._length += len(values)

    def _finish(self) -> None:
        with self.path.open("r+b") as file:
            self._write_header(file)

    def _write_header(self, file: IO[bytes]) -> None:
        facts = {
            "shape": (self._length,),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(self.kind),
        }
        np.lib.format.write_array_header_1_0(file, facts)
