"""Unknown users and items, answered with those that may be meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

from recsys_lib.errors import UnknownItemError, UnknownUserError

if TYPE_CHECKING:
    from recsys_lib import Recommender

_MOST = 3
_AROUND = 500_000
"""Of more than twice as many users, those are looked at whose ids begin most alike."""
_ALIKE = 75.0
"""Least similarity of an id that may be meant, of 100."""


def near_user(recommender: Recommender, error: UnknownUserError) -> UnknownUserError:
    """The error with users whose ids are alike, or else with some who are known."""
    users = recommender.require_als().users
    close = _close(error.unknown, users.around(error.unknown.strip(), _AROUND))
    if close:
        return UnknownUserError(error.unknown, f"did you mean {_or(close)}?")
    some = _or(recommender.example_users(_MOST))
    return UnknownUserError(error.unknown, f"there are {len(users):,}, for example {some}")


def near_item(recommender: Recommender, error: UnknownItemError) -> UnknownItemError:
    """The error with items whose ids are alike, whose titles have the words, or that are known.

    Where the item is known, but nothing is like it, the error stays as it is.
    """
    ids = recommender.items.ids
    if error.unknown in ids:
        return error
    if close := _close(error.unknown, list(ids.ids())):
        return UnknownItemError(error.unknown, f"did you mean {_or(close)}?")
    titled = recommender.find_items(error.unknown, _MOST)
    if len(titled):
        named = [f"{row.item_id} ({row.title})" for row in titled.itertuples()]
        return UnknownItemError(error.unknown, f"an id is needed. Did you mean {_or(named)}?")
    some = _or(recommender.example_items(_MOST))
    hint = f"there are {len(ids):,}, for example {some}; 'recsys search WORDS' finds others"
    return UnknownItemError(error.unknown, hint)


def _close(key: str, known: Sequence[str]) -> list[str]:
    """Known ids like one that is not known, the most similar first."""
    wanted = key.strip().casefold()
    found = process.extract(
        wanted, known, scorer=fuzz.ratio, processor=str.casefold, limit=_MOST, score_cutoff=_ALIKE
    )
    return [match[0] for match in found]


def _or(names: Sequence[str]) -> str:
    *others, last = map(str, names)
    return f"{', '.join(others)} or {last}" if others else last
