"""Arrays that are written block by block, because the whole need not fit into memory."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np


class GrowingArray:
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
        self.path, self.kind = path, np.dtype(kind)
        self._length = 0
        self._file = path.open("wb")
        self._write_header()

    def __len__(self) -> int:
        return self._length

    def append(self, values: np.ndarray) -> None:
        """Write ``values`` behind those before."""
        np.ascontiguousarray(values, dtype=self.kind).tofile(self._file)
        self._length += len(values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._file.seek(0)
            self._write_header()
        self._file.close()

    def _write_header(self) -> None:
        facts = {
            "shape": (self._length,),
            "fortran_order": False,
            "descr": np.lib.format.dtype_to_descr(self.kind),
        }
        np.lib.format.write_array_header_1_0(self._file, facts)
