"""Files whose JSON is not one object per line, as blocks of JSON lines.

These are an array of objects, an object that holds nothing but such an array and facts about it,
as the answers of web services do, and objects that are written over several lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from recsys_lib.data.formats._blocks import open_binary, read_head
from recsys_lib.data.formats._elements import elements
from recsys_lib.data.formats._lines import parse
from recsys_lib.errors import InputDataError

_BLOCK_RECORDS = 50_000
_SNIFFED_LINES = 100
_LINE_END = re.compile(rb"\r?\n|\r")
_LIST = re.compile(r'"([^"\n]*)"\s*:\s*(?=\[\s*\{)')
_DEEPEST = 3
# What the lists of answers and exports are called; a list of line items is called otherwise.
_LIST_NAMES = """
data results result records rows docs documents hits entries reviews ratings products catalog
catalogue interactions events orders transactions purchases list
"""
_FACT_NAMES = """
count total size page pages per_page page_size limit offset next previous prev has_more status
success ok code message error errors version meta metadata info links cursor took timed_out
next_page total_count total_pages exported exported_at generated generated_at created_at date
updated_at source schema type name
"""
_LISTS, _FACTS = frozenset(_LIST_NAMES.split()), frozenset(_FACT_NAMES.split())


def is_document(path: Path, encoding: str | None = None) -> bool:
    """Whether the objects of a file are not its lines."""
    head = read_head(path, encoding)
    lines = [line for line in _LINE_END.split(head) if line.strip()][:_SNIFFED_LINES]
    if not lines:
        return False
    first = lines[0].strip()
    if first.startswith(b"["):
        return not _is_row(first)
    if isinstance(record := parse(first), dict):
        return len(lines) == 1 and bool(_wrapped(record))
    n_objects = sum(isinstance(parse(line), dict) for line in lines if line.startswith(b"{"))
    return 2 * n_objects <= len(lines) and _continues(first, lines[1:2])


def document_blocks(path: Path, encoding: str | None = None) -> Iterator[tuple[int, int, bytes]]:
    """Place of the first object, from 1, number of objects, and the objects as JSON lines.

    The whole file is held in memory.
    """
    with open_binary(path, encoding) as file:
        text = file.read().decode("utf-8-sig", "surrogateescape")
    start = _start(text, path)
    found = elements(text, start, is_wrapped=bool(text[:start].strip()))
    first = 1
    while some := list(islice(found, _BLOCK_RECORDS)):
        yield first, len(some), "\n".join(some).encode("utf-8", "surrogateescape") + b"\n"
        first += len(some)


def _is_row(line: bytes) -> bool:
    """Whether a line is an array by itself, and holds no object."""
    try:
        return not any(isinstance(one, dict) for one in json.loads(line))
    except (ValueError, RecursionError):
        return False


def _continues(first: bytes, second: Sequence[bytes]) -> bool:
    """Whether a line opens an object that goes on in the next line."""
    if not first.startswith(b"{"):
        return False
    if not second:
        return _named_list(first.decode("utf-8", "replace")) is not None
    following = second[0].strip()[:1]
    return (first[-1:] in b"{," and following in b"\"'}") or (first[-1:] == b"[")


def _start(text: str, path: Path) -> int:
    """Where the objects of a file begin: at its list of them, or at its first one."""
    start = len(text) - len(text.lstrip())
    if text.startswith("[", start):
        return start
    try:
        record, end = json.JSONDecoder().raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError):
        # A bad object in its list breaks the whole; the name of the list has to do.
        listed = _named_list(text)
        return start if listed is None else listed
    names = _wrapped(record) if not text[end:].strip() else []
    if len(names) > 1:
        raise InputDataError(
            f"holds several lists ({', '.join(names)}): save each as a file of its own", file=path
        )
    return _place(text, names[0]) if names else start


def _named_list(text: str) -> int | None:
    """Where the first list of objects begins, if it has a usual name."""
    match = _LIST.search(text)
    return match.end() if match and match.group(1).lower() in _LISTS else None


def _place(text: str, name: str) -> int:
    """Where the list with a name begins."""
    found = (match for match in _LIST.finditer(text) if json.loads(f'"{match.group(1)}"') == name)
    return next(found).end()


def _wrapped(record: dict[str, Any], depth: int = 0) -> list[str]:
    """The names of the lists in an object that is nothing but a wrapper around them."""
    lists = [name for name, value in record.items() if _is_list_of_objects(value)]
    others = {name.lower() for name in record if name not in lists}
    if lists:
        known = all(name.lower() in _LISTS for name in lists)
        return lists if known or not others - _FACTS else []
    objects = [value for name, value in record.items() if isinstance(value, dict)]
    if depth == _DEEPEST or not objects:
        return []
    inner = [name for value in objects for name in _wrapped(value, depth + 1)]
    scalars = {name.lower() for name, value in record.items() if not isinstance(value, dict)}
    return inner if not scalars - _FACTS else []


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
