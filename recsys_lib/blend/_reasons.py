"""Why an item is recommended: the source of most of its score, and an item of the history."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recsys_lib.blend.blend import UserShares
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources import BLEND, CandidateSource
from recsys_lib.ranking import NO_ITEM

_MOST = 0.5
_AGAIN = "taken before"


@dataclass(frozen=True)
class Reason:
    """Why an item is recommended.

    Parameters
    ----------
    source: label of the source that more than half of the score comes from, else ``blend``.
    text: a sentence for the user.
    """

    source: str
    text: str


def reasons(given: UserShares, items: np.ndarray, title: Callable[[int], str]) -> list[Reason]:
    """A reason for each of ``items``, from what the sources say of them.

    An item of the history is its own nearest item, which says nothing: its reason is that it was
    taken before.
    """
    shares = given.shares(items)
    sources = [given.blend.sources[name] for name in shares]
    table = np.column_stack(list(shares.values()))
    main = table.argmax(axis=1)
    dominant = table.max(axis=1) > _MOST * table.sum(axis=1)
    because = np.full(len(items), NO_ITEM)
    for number in np.unique(main):
        mine = main == number
        because[mine] = _strongest_items(sources[number], given.history, items[mine])
    labels = [sources[n].label if alone else BLEND for n, alone in zip(main, dominant, strict=True)]
    texts = [_text(sources[n], item, title) for n, item in zip(main, because.tolist(), strict=True)]
    again = np.isin(items, given.history.items).tolist()
    return [
        Reason(label, _AGAIN if own else text)
        for label, text, own in zip(labels, texts, again, strict=True)
    ]


def _text(source: CandidateSource, item: int, title: Callable[[int], str]) -> str:
    return source.plain_reason if item == NO_ITEM else source.reason.format(title=title(item))


def _strongest_items(
    source: CandidateSource, history: Histories, items: np.ndarray
) -> np.ndarray | int:
    """For each of ``items`` the closest item of the history that the user liked, or NO_ITEM.

    How long ago it was taken does not matter: the reason is what is alike.
    """
    if not len(history.items):
        return NO_ITEM
    parts = source.with_half_life(math.inf).contributions(history, items)
    if parts is None:
        return NO_ITEM
    parts = np.where(history.liked, parts, 0)
    return np.where(parts.max(axis=1) > 0, history.items[parts.argmax(axis=1)], NO_ITEM)
