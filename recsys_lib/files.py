"""Files that appear whole or not at all, survive a power cut, and have fingerprints."""

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
    """Yield a temporary path; when the block succeeds, its file replaces ``path`` atomically.

    Readers see the old file or the new one. After an error the old one is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_path(path)
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder; when the block succeeds, it takes the place of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_path(path)
    temporary.mkdir()
    try:
        yield temporary
        _sync_tree(temporary)
        old = path.with_name(f"{temporary.name}.old")
        if path.exists():
            os.rename(path, old)
        os.rename(temporary, path)
        sync(path.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sync(path: Path) -> None:
    """Wait until a file's content, or the list of names in a folder, is on the disk.

    Without it, a rename can reach the disk before the data: after a power cut the new name would
    hold an empty or torn file.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    with replacing(path) as temporary:
        temporary.write_text(_as_json(value), encoding="utf-8")


def create_json(path: Path, value: Any) -> bool:
    """Write JSON unless the file exists; of several processes exactly one gets True.

    The file appears with its content: no reader sees it empty.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary_path(path)
    try:
        temporary.write_text(_as_json(value), encoding="utf-8")
        sync(temporary)
        os.link(temporary, path)  # unlike a rename, fails when the name is taken
        sync(path.parent)
        return True
    except FileExistsError:
        return False
    except OSError:  # a disk without hard links
        return _create_exclusively(path, _as_json(value))
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """Read a JSON file written by :func:`write_json`."""
    return json.loads(path.read_text(encoding="utf-8"))


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; a file that has not changed is read once per process."""
    facts = path.stat()
    return _fingerprint(path, facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=10_000)
def _fingerprint(path: Path, *_: int) -> str:
    return sha256(path)


def describe(path: Path) -> dict[str, Any]:
    """``{sha256, bytes}`` of a file, as run records and manifests hold them."""
    return {"sha256": fingerprint(path), "bytes": path.stat().st_size}


def link_or_copy(source: Path | str, target: Path | str) -> None:
    """Make ``target`` a hard link to ``source``, or a copy where links are not possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"


def _create_exclusively(path: Path, text: str) -> bool:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    sync(path)
    sync(path.parent)
    return True


def _temporary_path(path: Path) -> Path:
    """A hidden name beside ``path``, so that a rename stays on one disk."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")


def _sync_tree(folder: Path) -> None:
    for here, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(here, name))
        sync(Path(here))
