"""Why an item is in a user's list or is not: its standing in each candidate source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from recsys_lib.blend import Standing

Status = Literal[
    "listed", "below", "owned", "new", "excluded", "filtered", "ruled", "variant", "unknown"
]
"""Where an item is: in the list; further down; or nowhere, and why."""

COLUMNS = ("source", "rank", "score", "weight", "contribution", "possible")


@dataclass(frozen=True)
class Explanation:
    """Where an item stands for a user, and what it would take to enter the list.

    Parameters
    ----------
    user_id, item_id, title
        Who and what; the title is the id where none is known.
    status
        ``listed``: among the first n; ``below``: further down. Others are in no list: ``owned``
        (in the user's history), ``new`` (not in it, where only repeats are wanted), ``excluded``,
        ``filtered``, ``ruled`` (a rule of the shop leaves it out), ``variant`` (another variant of
        the same product is listed for it), ``unknown`` (the model that answers knows no such item).
    rank
        Place in the list of all items with the same wishes; None where the item is in none.
    score
        As in the list; None where it has none.
    gap
        By how much the score is below that of the last of the n; 0 for a listed item, None where
        the item is in no list.
    sources
        One row for each candidate source. ``rank`` is the place among the items that the user does
        not have, missing where the source says nothing; ``score`` is 1 for its best item;
        ``weight`` is what it adds to the score of its best item, ``contribution`` what it adds
        here. Contributions add up to the score. ``possible`` is what more it would add if the item
        were its best.
    sentence
        The same in words.

    Examples
    --------
    >>> from recsys_lib import Recommender
    >>> recommender = Recommender.load()  # doctest: +SKIP
    >>> user = recommender.example_users(1)[0]  # doctest: +SKIP
    >>> print(recommender.why_not(user, recommender.example_items(1)[0]))  # doctest: +SKIP
    """

    user_id: str
    item_id: str
    title: str
    status: Status
    rank: int | None
    score: float | None
    gap: float | None
    sources: pd.DataFrame
    sentence: str

    def __str__(self) -> str:
        return self.sentence

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, as over HTTP."""
        rows = self.sources.astype(object).where(self.sources.notna(), None)
        return {**vars(self), "sources": rows.to_dict("records")}


def sources_table(found: list[Standing]) -> pd.DataFrame:
    """Columns ``COLUMNS``, the largest contribution first."""
    rows = [
        (s.source, s.rank, s.score, s.weight, s.contribution, s.weight - s.contribution)
        for s in sorted(found, key=lambda s: -s.contribution)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"rank": "Int64"})
