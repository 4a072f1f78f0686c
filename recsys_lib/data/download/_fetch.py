"""Download one file over HTTP: resumed after a failure, and there whole or not at all."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from recsys_lib.errors import InputDataError, StorageError
from recsys_lib.files import read_json, write_json

_CHUNK = 1 << 16  # bytes, at most lost when a connection breaks
_MAGIC = {".gz": b"\x1f\x8b", ".zip": b"PK"}
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_OK, _PARTIAL, _BEYOND_THE_END = 200, 206, 416

OnBytes = Callable[[int, int | None], None]
"""Called with the bytes received so far, and their total number when it is known."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a connection and for data (seconds), and how often to try.

    ``pause`` (seconds) follows the first failure, and doubles after each further one.
    """

    connect: float = 10.0
    read: float = 60.0
    tries: int = 6
    pause: float = 1.0


class _CutShortError(Exception):
    """The connection ended early, or the server asks to try again later."""


@dataclass(frozen=True)
class Fetch:
    """The download of ``url`` to ``target``; ``md5``, when given, is checked."""

    url: str
    target: Path
    md5: str = ""
    patience: Patience = Patience()
    on_bytes: OnBytes = lambda done, total: None

    def run(self) -> None:
        """Download the file, or the rest of it after an interrupted attempt.

        Raises InputDataError when the server does not have it, sends something else, or stops
        answering, and StorageError when it cannot be written.
        """
        self.target.parent.mkdir(parents=True, exist_ok=True)
        pause = self.patience.pause
        for last in [False] * (self.patience.tries - 1) + [True]:
            try:
                self._resume()
                break
            except (_CutShortError, requests.ConnectionError, requests.Timeout) as error:
                if last:
                    raise InputDataError(
                        f"the download failed {self.patience.tries} times ({error}): "
                        "run it again to resume from here",
                        file=self.url,
                    ) from error
                time.sleep(pause)
                pause *= 2
            except requests.RequestException as error:
                raise InputDataError(
                    f"cannot be downloaded ({error}): check the address, and $HTTPS_PROXY if there "
                    "is a proxy",
                    file=self.url,
                ) from error
            except OSError as error:
                raise StorageError(
                    f"{self._part} could not be written ({error.strerror}): make room, then run it "
                    "again to resume from here"
                ) from error
        self._verify()
        os.replace(self._part, self.target)
        self._state.unlink(missing_ok=True)

    @property
    def _part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def _state(self) -> Path:
        """Names the version of the file that the part comes from."""
        return self.target.with_name(f"{self.target.name}.part.json")

    def _resume(self) -> None:
        version = read_json(self._state)["version"] if self._state.is_file() else ""
        have = self._part.stat().st_size if version and self._part.is_file() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            # The server sends the rest if the file is still the same, else all of it.
            headers |= {"Range": f"bytes={have}-", "If-Range": version}
        timeout = (self.patience.connect, self.patience.read)
        with requests.get(self.url, headers=headers, stream=True, timeout=timeout) as response:
            if response.status_code == _BEYOND_THE_END:
                self._forget()
                raise _CutShortError("the part is longer than the file")
            self._check(response)
            resumed = response.status_code == _PARTIAL
            start = have if resumed else 0
            write_json(self._state, {"version": _version(response)})
            self._receive(response, start)

    def _receive(self, response: requests.Response, start: int) -> None:
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        done = start
        with self._part.open("ab" if start else "wb") as part:
            try:
                for chunk in response.iter_content(_CHUNK):
                    part.write(chunk)
                    done += len(chunk)
                    self.on_bytes(done, total)
            except requests.exceptions.ChunkedEncodingError as error:
                raise _CutShortError(f"after {done:,} bytes") from error
        if total is not None and done < total:
            raise _CutShortError(f"after {done:,} of {total:,} bytes")

    def _check(self, response: requests.Response) -> None:
        if response.status_code in _TRY_AGAIN:
            raise _CutShortError(f"the server answered {response.status_code}")
        if response.status_code not in (_OK, _PARTIAL):
            raise InputDataError(
                f"the server answered {response.status_code} {response.reason}: "
                "is the address right? --base-url sets another one",
                file=self.url,
            )
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and self.target.suffix in _MAGIC:
            raise InputDataError(
                "the server sent a web page instead of the file: is the address right? "
                "--base-url sets another one",
                file=self.url,
            )

    def _verify(self) -> None:
        with self._part.open("rb") as file:
            start = file.read(2)
            file.seek(0)
            found = hashlib.file_digest(file, "md5").hexdigest() if self.md5 else ""
        magic = _MAGIC.get(self.target.suffix, b"")
        if not start.startswith(magic):
            self._forget()
            raise InputDataError(
                f"the server sent something that is no {self.target.suffix} file: try again later",
                file=self.url,
            )
        if found != self.md5:
            self._forget()
            raise InputDataError(
                f"its MD5 is {found}, but {self.md5} is published: deleted, download it again",
                file=self.url,
            )

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)


def fetch_text(url: str, patience: Patience) -> str:
    """A short text such as a published checksum; empty when there is none."""
    try:
        response = requests.get(url, timeout=(patience.connect, patience.read))
    except requests.RequestException as error:
        raise InputDataError(f"cannot be downloaded ({error}): try again", file=url) from error
    if response.status_code == requests.codes.not_found:
        return ""
    if not response.ok:
        raise InputDataError(f"the server answered {response.status_code}: try again", file=url)
    return response.text


def _version(response: requests.Response) -> str:
    """What tells two versions of a file apart: a strong tag, or the date."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
