"""Take the objects of a JSON text apart, bad ones included, whatever stands around them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,]*")
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]"]')
_FIRST_KEY = re.compile(r'\{\s*("[^"\n]*")')
_FOLLOWS = re.compile(r"\s*(?:,|\]|$|\{)")
_LONGEST_BAD = 128 << 10  # characters of a bad object whose end is sought by its braces
_NOT_CLOSED = "[ is not closed: the file may be cut off"


def elements(text: str, at: int, *, is_wrapped: bool = False) -> Iterator[str]:
    """The objects from a place on, each in one line: those of an array, or all that follow.

    With ``is_wrapped`` other things may follow the array.

    An object that is none, or another value, is yielded as it is, so that it can be rejected.
    """
    at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
    in_array = text.startswith("[", at)
    at, is_good, known = at + in_array, True, frozenset[str]()
    while (at := _BETWEEN.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        if in_array and text[at] == "]":
            yield from () if is_wrapped else _rest(text, at + 1)
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
            is_good = bool(_FOLLOWS.match(text, end))
            known = frozenset(value) if isinstance(value, dict) else known
        except (json.JSONDecodeError, RecursionError):
            is_good = False
        if is_good:
            yield text[at:end].replace("\n", " ").replace("\r", " ")
        else:
            end = _end_of_bad(text, at, known)
            # A line feed within a value stays a sign of damage that the reader sees.
            yield text[at:end].rstrip(", \t\r\n").replace("\n", "\r")
        at = end
    if in_array and is_good:
        yield _NOT_CLOSED


def _rest(text: str, at: int) -> Iterator[str]:
    """What follows an array: nothing, another array, or a bad end."""
    at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]
    if text.startswith("[", at):
        yield from elements(text, at)
    elif text[at:].strip():
        yield text[at:].strip().replace("\n", "\r")


def _end_of_bad(text: str, at: int, known: Set[str]) -> int:
    """Where an object that cannot be read ends: at its last brace, or before the next object.

    Quotes that are missing turn texts inside out, so that braces may match by chance: an object
    with the keys of the one before is no part of this one.
    """
    end = _closing(text, at)
    if end is None:
        return _next_start(text, at)
    inner = (match.start() for match in _alike(text, at).finditer(text, at + 1, end))
    return next((start for start in inner if _has_keys(text, start, known)), end)


def _alike(text: str, at: int) -> re.Pattern[str]:
    """What begins as the object here: with the same first key."""
    key = _FIRST_KEY.match(text, at)
    return re.compile(r"\{\s*" + re.escape(key.group(1)) if key else r"\{")


def _has_keys(text: str, at: int, known: Set[str]) -> bool:
    """Whether an object is here that shares most of its keys with those that are known."""
    try:
        value, _ = _DECODER.raw_decode(text, at)
    except (json.JSONDecodeError, RecursionError):
        return False
    return 2 * len(known & value.keys()) > len(known | value.keys())


def _closing(text: str, at: int) -> int | None:
    """The place after the brace that closes what opens here; None where braces do not match."""
    expected: list[str] = []
    for match in _TOKEN.finditer(text, at, at + _LONGEST_BAD):
        token = match.group()
        if token in "{[":
            expected.append("}" if token == "{" else "]")
        elif token in "}]":
            if not expected or expected.pop() != token:
                return None
            if not expected:
                return match.end() if _FOLLOWS.match(text, match.end()) else None
        elif token == '"' or not expected:
            return None
    return None


def _next_start(text: str, at: int) -> int:
    """Where the next object begins: on a line as this one, or else with the same first key."""
    line = text.rfind("\n", 0, at) + 1
    indent = text[line:at]
    if line and not indent.strip():
        found = text.find(f"\n{indent}{{", at + 1)
        if found >= 0:
            return found + 1
    if following := _alike(text, at).search(text, at + 1):
        return following.start()
    end = text.rfind("]", at)
    return end if end > at and not text[end + 1 :].strip(" \t\r\n}") else len(text)
