"""How far input files were read, their SHA-256, and whether they changed meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.data.formats.records import Start
from recsys_lib.errors import InputDataError
from recsys_lib.files import sha256

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Extent:
    """The first part of a file: its bytes, its line ends, and its SHA-256."""

    bytes: int
    lines: int
    sha256: str

    @property
    def end(self) -> Start:
        """Where the rest of the file starts."""
        return Start(self.bytes, self.lines + 1)


def measure(path: Path, part: int | None = None) -> tuple[Extent, Extent | None]:
    """The extent of a file, and of its first ``part`` bytes; None when the file is shorter."""
    digest, size, lines, first = hashlib.sha256(), 0, 0, None
    with path.open("rb") as file:
        while True:
            if size == part:
                first = Extent(size, lines, digest.hexdigest())
            left = _CHUNK if part is None or size >= part else min(_CHUNK, part - size)
            data = file.read(left)
            if not data:
                return Extent(size, lines, digest.hexdigest()), first
            digest.update(data)
            size += len(data)
            lines += data.count(b"\n")


def stamp(path: Path) -> tuple[int, int]:
    """Size and modification time, which differ once a file was written to."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def fingerprints(
    stamps: Mapping[Path, tuple[int, int]], extents: Mapping[Path, Extent]
) -> list[dict[str, str]]:
    """``[{path, sha256}]`` of each file; InputDataError when one has changed since its stamp."""
    prints = {path: extents[path].sha256 if path in extents else sha256(path) for path in stamps}
    for path, before in stamps.items():
        if stamp(path) != before:
            raise InputDataError("changed while it was read: load it again", file=path)
    return [{"path": str(path), "sha256": digest} for path, digest in prints.items()]
