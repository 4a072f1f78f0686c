"""Files that are there whole or not at all, and their fingerprints."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block succeeds.

    A reader sees the old file or the new one; after an error the old one is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Wait until the content is on the disk, so that it outlives a power cut."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path`` that takes its place when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir()
    try:
        yield temporary
        old = path.with_name(f"{temporary.name}.old")
        if path.exists():
            os.rename(path, old)
        os.rename(temporary, path)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON that people can read and diff, atomically."""
    with replacing(path) as temporary:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read a JSON file written by :func:`write_json`."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; read once in a process, and again when the file has changed."""
    facts = path.stat()
    return _fingerprint(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=10_000)
def _fingerprint(path: Path, *_: int) -> str:
    return sha256(path)


def describe(path: Path) -> dict[str, Any]:
    """``{sha256, bytes}`` of a file, as run records and manifests hold them."""
    return {"sha256": fingerprint(path), "bytes": path.stat().st_size}


def link_or_copy(source: Path | str, target: Path | str) -> None:
    """Let ``target`` be the same file as ``source``: a hard link, or a copy on another disk."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
