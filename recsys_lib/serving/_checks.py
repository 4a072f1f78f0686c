"""Arguments of a query, checked before any model is asked."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping, Sequence, Set
from numbers import Integral, Real
from reprlib import repr as short_repr
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from recsys_lib.errors import QueryError, QueryTypeError, did_you_mean
from recsys_lib.ids import Ids

LONGEST_QUERY = 10_000
"""Characters of a search query: one of millions would hold up everybody's search."""

_OLDEST_FIRST = "item_ids must be a list of item ids, oldest first"


def check_id(name: str, value: Any, known: Sequence[Ids] = ()) -> None:
    """QueryTypeError unless the argument of this name is a text, as all ids are.

    ``known`` are ids, one of which may be meant.
    """
    if isinstance(value, str):
        _check_characters(name, value)
        return
    hint = ""
    text = _as_text(value)
    if text is not None:
        meant = any(text in ids for ids in known)
        hint = f": did you mean {text!r}?" if meant else f": ids are texts, write {text!r}"
    elif isinstance(value, Iterable) and not name.endswith("]"):
        hint = ": for a list of items, call recommend_for_history"
    raise QueryTypeError(f"{name} must be one id, a text, got {_shown(value)}{hint}")


def other_spelling(key: str, known: Sequence[Ids]) -> str:
    """``did you mean 'B07G'?`` where an id differs only by case or by blanks around it, else ""."""
    meant = next(filter(None, (ids.spelled_like(key) for ids in known)), None)
    return f"did you mean {meant!r}?" if meant else ""


def check_query(value: Any) -> None:
    """QueryError unless a search query is a text, and not a whole book."""
    check_text("query", value)
    if len(value) > LONGEST_QUERY:
        raise QueryError(f"query has {len(value):,} characters: write at most {LONGEST_QUERY:,}")


def check_text(name: str, value: Any) -> None:
    """QueryError unless the argument of this name is a text."""
    if not isinstance(value, str):
        raise QueryTypeError(f"{name} must be a text, got {_shown(value)}")
    _check_characters(name, value)


def check_count(name: str, value: Any, least: int = 1) -> None:
    """QueryError unless the argument of this name is a whole number from ``least``."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise QueryTypeError(f"{name} must be a whole number, got {_shown(value)}")
    if value < least:
        raise QueryError(f"{name} must be at least {least}, got {value}")


def check_share(name: str, value: Any) -> None:
    """QueryError unless the argument of this name is a number from 0 to 1."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise QueryTypeError(f"{name} must be a number from 0 to 1, got {_shown(value)}")
    if not 0 <= float(value) <= 1:
        raise QueryError(f"{name} must be a number from 0 to 1, got {value}")


def check_flag(name: str, value: Any) -> None:
    """QueryError unless the argument of this name is True or False."""
    if not isinstance(value, bool | np.bool):
        raise QueryTypeError(f"{name} must be True or False, got {_shown(value)}")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """QueryError unless the argument of this name is one of the choices."""
    if not isinstance(value, str):
        raise QueryTypeError(f"{name} must be {' or '.join(choices)}, got {_shown(value)}")
    if value not in choices:
        hint = did_you_mean(value, choices)
        raise QueryError(f"{name} must be {' or '.join(choices)}, got {_shown(value)}{hint}")


def checked_history(item_ids: Any, known: Sequence[Ids] = ()) -> list[str]:
    """A history as a list, from anything that gives item ids in an order, such as a generator.

    Of an item that occurs again, the newest place counts, as in the training. QueryTypeError for
    what has no order, or an id that is no text.
    """
    problem = _no_history(item_ids)
    if problem is not None:
        raise QueryTypeError(f"{_OLDEST_FIRST}, got {_shown(item_ids)}{problem}")
    history = list(item_ids)
    for position, item_id in enumerate(history):
        check_id(f"item_ids[{position}]", item_id, known)
    return list(dict.fromkeys(reversed(history)))[::-1]


def checked_ids(name: str, value: Any, known: Sequence[Ids] = ()) -> list[str]:
    """Item ids in any order, from anything that gives them. QueryTypeError for what does not."""
    if isinstance(value, (str, bytes, pd.DataFrame, pl.DataFrame)) or not isinstance(
        value, Iterable
    ):
        hint = f": write [{short_repr(value)}]" if isinstance(value, str) else ""
        raise QueryTypeError(f"{name} must be a list of item ids, got {_shown(value)}{hint}")
    ids = list(value)
    for position, item_id in enumerate(ids):
        check_id(f"{name}[{position}]", item_id, known)
    return ids


def _no_history(value: Any) -> str | None:
    """What to do about a value that is not a history; None for one that is."""
    if isinstance(value, str):
        return f": write [{short_repr(value)}]"
    if isinstance(value, (pd.DataFrame, pl.DataFrame)):
        return ": give the column with the ids"
    if isinstance(value, Set) and not isinstance(value, KeysView):
        return ": a set has no order, and the newest items count most"
    if isinstance(value, Mapping):
        return ": give its keys as a list, oldest first"
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        return ""
    return None


def _check_characters(name: str, text: str) -> None:
    """QueryError for half a character, which no file and no library can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise QueryError(
            f"{name} has half a character (a surrogate) at position {error.start}: {text!a:.200}"
        ) from error


def _as_text(value: Any) -> str | None:
    """An id of another type as the text that it probably stands for."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    whole: Any = value // 1
    return str(int(whole)) if value == whole else None


def _shown(value: Any) -> str:
    return f"{short_repr(value)} ({type(value).__name__})"
