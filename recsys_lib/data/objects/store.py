"""A folder in object storage: S3, Google Cloud, Azure by pyarrow, all others by fsspec.

Reference: https://arrow.apache.org/docs/python/filesystems.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pyarrow as pa
from pyarrow import fs

from recsys_lib.data.queries.address import Address
from recsys_lib.errors import InputDataError, ParameterError

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://.+", re.IGNORECASE)
_OF_ARROW = ("s3", "gs", "gcs", "abfs", "abfss", "file")
_KEY = re.compile(r"[?&](?:secret_key|access_key|account_key|sas_token)=[^&]", re.IGNORECASE)
_DENIED = re.compile(
    r"access.?denied|forbidden|\b40[13]\b|signature|invalid.?access|unauthori[sz]ed|credential|authenticat",
    re.IGNORECASE,
)
_MISSING = re.compile(r"no.?such|not.?found|\b404\b|does not exist", re.IGNORECASE)
_BLOCK = 1 << 20  # bytes
_PATIENCE = "retry_limit_seconds=20"
"""Of Google Cloud, whose library would otherwise try for a quarter of an hour."""


class Store:
    """What lies under a URL such as ``s3://bucket/folder``.

    Parameters
    ----------
    url
        Credentials come from where each cloud keeps them (``AWS_ACCESS_KEY_ID``, a role of the
        machine, ...), never from the URL. ``?endpoint_override=host:9000&scheme=http`` names
        another server that speaks S3, such as MinIO.

    Raises
    ------
    ParameterError
        For text that is no URL, one with a secret in it, or a missing package.

    Examples
    --------
    >>> store = Store("memory://bucket/shop")
    >>> store.write_text("notes.txt", "factors")
    >>> store.read_text("notes.txt"), list(store.files())
    ('factors', ['notes.txt'])
    """

    def __init__(self, url: str) -> None:
        self.url = url.partition("?")[0].rstrip("/")
        scheme = _URL.fullmatch(url)
        if scheme is None:
            raise ParameterError(f"{url!r} is no URL: write one such as s3://bucket/folder")
        if Address(url).holds_a_password or _KEY.search(url):
            raise ParameterError(
                "the URL holds a secret: leave it out, and set it in the environment, such as "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        kind = scheme[1].lower()
        if kind in ("gs", "gcs"):
            url += f"{'&' if '?' in url else '?'}{_PATIENCE}"
        with self._failures():
            self._system, root = _opened(url if kind in _OF_ARROW else f"fsspec+{url}", self.url)
        self._root = root.rstrip("/")

    def files(self) -> dict[str, fs.FileInfo]:
        """Every file under the URL by its name there; hidden ones are left out.

        InputDataError where there is none, or one has a name that leads out of a folder.
        """
        with self._failures():
            place = self._system.get_file_info(self._root)
            if place.type == fs.FileType.File:
                return {PurePosixPath(place.path).name: place}
            found = self._system.get_file_info(fs.FileSelector(self._root, recursive=True))
        files = {
            PurePosixPath(info.path).relative_to(PurePosixPath(self._root)).as_posix(): info
            for info in found
            if info.type == fs.FileType.File
        }
        for name in files:
            require_inside(name, self.url)
        return {
            name: info
            for name, info in sorted(files.items())
            if not any(part.startswith(".") for part in name.split("/"))
        }

    def exists(self, name: str) -> bool:
        """Whether there is a file of this name."""
        with self._failures():
            info = self._system.get_file_info(f"{self._root}/{name}")
        return info.type == fs.FileType.File

    def receive(self, place: str, target: Path) -> None:
        """Copy a file into ``target``; ``place`` is the path of a FileInfo."""
        with target.open("wb") as out:  # its own errors are not those of the storage
            for block in self._blocks(place):
                out.write(block)

    def receive_named(self, name: str, target: Path) -> None:
        """Copy the file of this name into ``target``."""
        self.receive(f"{self._root}/{name}", target)

    def send(self, source: Path, name: str) -> None:
        """Copy a file under a name."""
        with source.open("rb") as file, self._failures(), self._writing(name) as stream:
            while block := file.read(_BLOCK):
                stream.write(block)

    def read_text(self, name: str) -> str:
        """The text of a small file."""
        with self._failures(), self._system.open_input_stream(f"{self._root}/{name}") as stream:
            return str(stream.read().decode("utf-8"))

    def write_text(self, name: str, text: str) -> None:
        """Write a small file, which appears whole."""
        with self._failures(), self._writing(name) as stream:
            stream.write(text.encode("utf-8"))

    def _blocks(self, place: str) -> Iterator[bytes]:
        with self._failures(), self._system.open_input_stream(place) as stream:
            while block := stream.read(_BLOCK):
                yield block

    def _writing(self, name: str) -> pa.NativeFile:
        path = f"{self._root}/{name}"
        if isinstance(self._system, fs.PyFileSystem | fs.LocalFileSystem):  # has real folders
            self._system.create_dir(PurePosixPath(path).parent.as_posix(), recursive=True)
        return self._system.open_output_stream(path)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Errors of a cloud as ours: the URL, what it said, and the remedy."""
        try:
            yield
        except ImportError as error:
            raise ParameterError(
                f"{self.url}: the package {error.name or error} is missing: pip install it, such "
                "as 'pip install s3fs'"
            ) from error
        except pa.ArrowInvalid as error:
            raise ParameterError(f"{self.url} is no URL of a storage: {_line(error)}") from error
        except (OSError, pa.ArrowException) as error:
            raise InputDataError(f"{_remedy(error)} ({_line(error)})", file=self.url) from error


def require_inside(name: str, url: str) -> None:
    """InputDataError for a name that leads out of a folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise InputDataError(
            f"the name {name!r} leads out of the folder: rename the file", file=url
        )


def _opened(url: str, shown: str) -> tuple[fs.FileSystem, str]:
    try:
        system, path = fs.FileSystem.from_uri(url)
    except ValueError as error:
        if isinstance(error, pa.ArrowInvalid):
            raise
        scheme = shown.partition(":")[0]
        raise ParameterError(
            f"{shown}: no package for {scheme}:// ({_line(error)}): write s3://, gs:// or abfs://, "
            "or pip install the package that fsspec names for it"
        ) from error
    return system, path


def _remedy(error: Exception) -> str:
    text = _line(error)
    if isinstance(error, PermissionError) or _DENIED.search(text):
        return (
            "no rights: check the credentials in the environment, and that they may list, read "
            "and, for a push, write here"
        )
    if isinstance(error, FileNotFoundError) or _MISSING.search(text):
        return "there is no such bucket, folder or file: correct the URL"
    return "the storage does not answer: check the address and the network, then try again"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
