"""Arguments of a query, checked before any model is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Integral
from reprlib import repr as short_repr
from typing import Any

from recsys_lib.errors import QueryError, did_you_mean


def check_id(name: str, value: Any) -> None:
    """QueryError unless the argument of this name is a text, as all ids are."""
    if isinstance(value, str):
        return
    hint = ""
    if isinstance(value, Integral):
        hint = f": ids are texts, write {str(value)!r}"
    elif isinstance(value, Iterable):
        hint = ": for a list of items, call recommend_for_history"
    raise QueryError(f"{name} must be one id, a text, got {_shown(value)}{hint}")


def check_query(value: Any) -> None:
    """QueryError unless a search query is a text."""
    if not isinstance(value, str):
        raise QueryError(f"query must be a text, got {_shown(value)}")


def check_count(name: str, value: Any, least: int = 1) -> None:
    """QueryError unless the argument of this name is a whole number from ``least``."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise QueryError(f"{name} must be a whole number, got {_shown(value)}")
    if value < least:
        raise QueryError(f"{name} must be at least {least}, got {value}")


def check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    """QueryError unless the argument of this name is one of the choices."""
    if value not in choices:
        hint = did_you_mean(value, choices) if isinstance(value, str) else ""
        raise QueryError(f"{name} must be {' or '.join(choices)}, got {_shown(value)}{hint}")


def checked_history(item_ids: Any) -> list[str]:
    """A history as a list; QueryError unless it has an order and its ids are texts."""
    unordered = isinstance(item_ids, (str, bytes, Mapping, Set))
    if unordered or not isinstance(item_ids, Iterable):
        hint = f": write [{item_ids!r}]" if isinstance(item_ids, str) else ""
        raise QueryError(
            f"item_ids must be a list of item ids, oldest first, got {_shown(item_ids)}{hint}"
        )
    history = list(item_ids)
    for position, item_id in enumerate(history):
        check_id(f"item_ids[{position}]", item_id)
    return history


def _shown(value: Any) -> str:
    return f"{short_repr(value)} ({type(value).__name__})"
