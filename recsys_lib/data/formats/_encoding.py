"""Encodings and line ends: whatever a text file has, readers see UTF-8 with line feeds."""

from __future__ import annotations

import codecs
import io
import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

WESTERN = "cp1252"
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
UTF_8 = "utf-8"
_DAMAGED = "recsys-damaged"  # name of the error handler
_LAST_ASCII = 0x7F
_FEW = 100  # one byte of so many: the lines that have it are decoded, and not the whole block
# A letter beside a letter, or a sign that texts have: euro, quotes, dashes, trade marks, degrees.
_WESTERN_SIGN = re.compile(
    rb"(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[A-Za-z])"
    rb"|[\x80\x85\x91-\x97\x99\xa0\xa3\xa9\xae\xb0\xb2\xb3\xbc-\xbe]"
)


def stream_encoding(head: bytes) -> str:
    """The encoding by which a file must be read as a stream; "" where its lines end in a feed.

    That is UTF-16 and UTF-32, and UTF-8 whose lines end in a carriage return alone, as on a Mac
    before 2001. UTF-16 without a mark is told by its many zero bytes, which no text has.
    """
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if 3 * head.count(0) > len(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    return UTF_8 if b"\r" in head and b"\n" not in head else ""


def given_encoding(encoding: str, head: bytes) -> str:
    """The encoding by which a file must be read as a stream when the user says its encoding."""
    if codecs.lookup(encoding).name in (UTF_8, "utf-8-sig"):
        return UTF_8 if stream_encoding(head) == UTF_8 else ""
    return encoding


def as_utf8(file: BinaryIO, encoding: str, head: bytes) -> BinaryIO:
    """A file in ``encoding`` as UTF-8 with line feeds; ``head`` is its start."""
    text = head.decode(encoding, "ignore")
    newline = None if "\r" in text and "\n" not in text else ""
    return io.BufferedReader(_Recoded(file, encoding, newline))


def recoded_lines(lines: bytes) -> bytes:
    """Whole lines as UTF-8, where they are Western (cp1252).

    Bytes that are not UTF-8 are Western where most of them are letters beside other letters, or
    signs such as quotes, and few lines are UTF-8 beyond ASCII; otherwise they are damage, and stay.
    """
    if lines.isascii():
        return lines
    places = np.flatnonzero(np.frombuffer(lines, dtype=np.int8) < 0)
    if len(places) * _FEW <= len(lines):
        foreign = list(_lines_at(places.tolist(), lines))
    elif _is_utf8(lines):
        return lines
    else:
        foreign = [line for line in lines.split(b"\n") if not line.isascii()]
    bad = [line for line in foreign if not _is_utf8(line)]
    if not bad:
        return lines
    n_western = len(_WESTERN_SIGN.findall(b"\n".join(bad)))
    n_foreign = sum(byte > _LAST_ASCII for line in bad for byte in line)
    if 2 * len(bad) > len(foreign) and 2 * n_western > n_foreign:
        return lines.decode(WESTERN, "replace").encode()
    return lines


def _lines_at(places: list[int], lines: bytes) -> Iterator[bytes]:
    """The lines that hold these places; to split a whole block takes much longer for few."""
    at = 0
    while at < len(places):
        place = places[at]
        end = lines.find(b"\n", place) % (len(lines) + 1)  # none: the end of the block
        yield lines[lines.rfind(b"\n", 0, place) + 1 : end]
        at = bisect_left(places, end, at)


class _Recoded(io.RawIOBase):
    """A file in another encoding, read as UTF-8; bytes that are not in it are not UTF-8 either."""

    def __init__(self, file: BinaryIO, encoding: str, newline: str | None) -> None:
        self._errors = "surrogateescape" if encoding == UTF_8 else _DAMAGED
        self._text = io.TextIOWrapper(file, encoding, errors=self._errors, newline=newline)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes; a character has at most four."""
        data = self._text.read(max(1, len(buffer) // 4)).encode(UTF_8, self._errors)
        buffer[: len(data)] = data
        return len(data)


def _damaged(error: UnicodeError) -> tuple[str | bytes, int]:
    """Put a byte that UTF-8 never has in the place of what cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return "\udcff", error.end
    if isinstance(error, UnicodeEncodeError):
        return b"\xff" * (error.end - error.start), error.end
    raise error


codecs.register_error(_DAMAGED, _damaged)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode(UTF_8)
    except UnicodeDecodeError:
        return False
    return True
