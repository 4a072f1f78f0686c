"""The lines of ``history.jsonl``: read whatever they hold, and only ever added to."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from recsys_lib.files import sync, writing
from recsys_lib.registry.changes import Change

HISTORY = "history.jsonl"
"""Beside ``champion.json``."""

_END = b"\n"


def read_lines(path: Path) -> list[bytes]:
    """The lines of a history, of which only the last may lack its end; none without a file."""
    try:
        return path.read_bytes().splitlines(keepends=True)
    except (FileNotFoundError, NotADirectoryError):
        return []


def parse(path: Path, lines: Sequence[bytes]) -> tuple[list[Change], dict[int, str]]:
    """The changes, and a sentence for the number of each damaged line."""
    changes, damaged = [], {}
    for number, line in enumerate(lines, start=1):
        try:
            changes.append(Change.from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            damaged[number] = (
                f"{path}, line {number} is damaged ({error}): which version it names is unknown; "
                "correct the line, or remove it"
            )
    return changes, damaged


def append(path: Path, change: Change) -> None:
    """Add a line, or the rest of it where its beginning is there, and wait for the disk."""
    line, is_new = encode(change) + _END, not path.exists()
    with writing(path), path.open("a+b") as file:
        file.seek(0)
        tail = file.read().rpartition(_END)[2]
        file.write(line[len(tail) :] if line.startswith(tail) else _END + line)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync(path.parent)


def encode(change: Change) -> bytes:
    """A change as a line without its end."""
    return json.dumps(change.as_dict(), ensure_ascii=False).encode()
