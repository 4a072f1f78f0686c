"""Files that appear whole or not at all, survive a power cut, and have fingerprints."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from recsys_lib.errors import StorageError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_NO_FOLDER = (errno.ENOTDIR, errno.EEXIST)
_OF_SQLITE = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EACCES}
_SQLITE_PRIMARY = 0xFF  # the rest of its codes says more, such as in which way it is read-only
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")  # numpy, without an error number


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise StorageError with the file and a remedy when the disk is full or forbids writing.

    ``path`` is what the block writes.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        if (known := storage_error(error, path)) is not None:
            raise known from error
        raise


def storage_error(error: Exception, path: Path | None = None) -> StorageError | None:
    """The StorageError that says what to do about an error; None when it is about something else.

    Libraries that are not written in Python have errors of their own, which only quote the system.
    """
    number = error.errno if isinstance(error, OSError) else None
    known = (n for n in (*_FULL, errno.EROFS) if os.strerror(n) in str(error))
    number = number or next(known, None)
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)  # errors of Python's own module have none
        number = number or _OF_SQLITE.get(code & _SQLITE_PRIMARY)
    if isinstance(error, OSError) and _SHORT_WRITE.search(str(error)):
        number = errno.ENOSPC
    named = error.filename if isinstance(error, OSError) else None
    if number in _FULL:
        remedy = "free space on this disk"
    elif number in _FORBIDDEN:
        remedy = "make the folder writable, or set RECSYS_HOME to one that is"
    elif number in _NO_FOLDER:
        remedy = "a file stands where a folder is needed, so move it, or set RECSYS_HOME"
    else:
        return None
    return StorageError(
        f"{path or named or 'a file'} could not be written ({os.strerror(number)}): {remedy}; "
        "what was there before is unchanged"
    )


def sentence(error: Exception) -> str:
    """Any error of the system in one sentence, with the file and, where known, a remedy."""
    if isinstance(error, StorageError):
        return str(error)
    if (known := storage_error(error)) is not None:
        return str(known)
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error) or type(error).__name__
    return f"{error.filename}: {error.strerror}" if error.filename else error.strerror


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; when the block succeeds, its file replaces ``path`` atomically.

    Readers see the old file or the new one. After an error the old one is untouched. StorageError
    when the disk is full or forbids writing.
    """
    temporary = _temporary_path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            sync(temporary)
            os.replace(temporary, path)
            sync(path.parent)
        finally:
            _remove(temporary)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder; when the block succeeds, it takes the place of ``path``.

    StorageError when the disk is full or forbids writing; the old folder stays.
    """
    temporary = _temporary_path(path)
    with writing(path):
        try:
            temporary.mkdir(parents=True)
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
    temporary = _temporary_path(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
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
            _remove(temporary)


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


def _remove(temporary: Path) -> None:
    """Remove a temporary file; an error here must not hide the one that came before."""
    with suppress(OSError):
        temporary.unlink()


def _temporary_path(path: Path) -> Path:
    """A hidden name beside ``path``, so that a rename stays on one disk."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")


def _sync_tree(folder: Path) -> None:
    for here, _, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(here, name))
        sync(Path(here))
