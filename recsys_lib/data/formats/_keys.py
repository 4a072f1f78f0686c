"""The keys of the objects in a file, also of those that only later objects have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from recsys_lib.data.formats._blocks import BOM, has_places, open_binary
from recsys_lib.data.formats._documents import document_blocks, is_document
from recsys_lib.data.formats._lines import parse_fast
from recsys_lib.errors import InputDataError

_FIRST_BYTES = 2 << 20
_PLACES, _LINES_AT_PLACE = 100, 10
_FIRST_OBJECTS = 10_000
_MOST = 500  # keys; more of them are no fields, but values such as ids

Numbered = Iterator[tuple[int, bytes]]
"""Numbers and lines; 0 where the number is not known."""


def keys_of(path: Path, encoding: str | None, *, whole: bool) -> list[str]:
    """Keys of the objects in the first 2 MB and at 100 places of what follows, or of all objects.

    Raises InputDataError when none of these lines is a JSON object.
    """
    keys: dict[str, None] = {}
    first_bad = None
    for number, line in _lines(path, encoding, whole=whole):
        record = parse_fast(line)
        if not isinstance(record, dict):
            first_bad = first_bad or (number, record)
        elif whole or not keys or len(keys) + len(record.keys() - keys) <= _MOST:
            keys.update(dict.fromkeys(record))
    if not keys:
        number, reason = first_bad or (1, "no line holds text")
        raise InputDataError(
            f"{reason}; none of the first lines is a JSON object: save the file as JSON lines "
            "(one object per line), or give it the suffix of its format",
            file=path,
            line=number,
        )
    return list(keys)


def _lines(path: Path, encoding: str | None, *, whole: bool) -> Numbered:
    if is_document(path, encoding):
        for first, _, block in document_blocks(path, encoding):
            lines = enumerate(block.split(b"\n")[:-1], start=first)
            yield from lines if whole else islice(lines, _FIRST_OBJECTS)
            if not whole:
                return
        return
    with open_binary(path, encoding) as file:
        n_bytes = 0
        for number, line in enumerate(file, start=1):
            stripped = (line.removeprefix(BOM) if number == 1 else line).strip()
            n_bytes += len(line)
            if stripped:
                yield number, stripped
            if not whole and n_bytes > _FIRST_BYTES:
                break
        else:
            return
    if has_places(path, encoding):
        yield from _later_lines(path, n_bytes)


def _later_lines(path: Path, start: int) -> Numbered:
    """Some lines at places that are spread over the rest of a file, and its last ones."""
    rest = path.stat().st_size - start
    with open_binary(path) as file:
        for n in range(1, _PLACES + 1):
            file.seek(start + rest * n // (_PLACES + 1))
            file.readline()
            yield from ((0, one) for line in islice(file, _LINES_AT_PLACE) if (one := line.strip()))
        file.seek(max(start, start + rest - (64 << 10)))
        file.readline()
        yield from ((0, one) for line in file if (one := line.strip()))
