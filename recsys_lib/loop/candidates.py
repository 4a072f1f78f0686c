"""The random places of the log, as a version that nobody saw yet would have filled them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import QueryError
from recsys_lib.loop.exploration import ExplorePolicy, explored
from recsys_lib.loop.off_policy import RandomPlaces, cross_forecasts
from recsys_lib.loop.outcomes import OUTCOMES
from recsys_lib.loop.reading import read_shown

Ranker = Callable[[str, Sequence[str]], list[str] | None]
"""From a user and some items to the same items, best first; those that cannot be recommended are
missing. None for a user that is not known."""


@dataclass(frozen=True)
class Judged:
    """What versions would have done in the same lists.

    Parameters
    ----------
    places: version -> its choices beside the random ones.
    lists: random choices that were logged.
    left_out: those for strangers, or where a version does not know the user or any of the items.
    rate: mean outcome of the random choices that count.
    """

    places: Mapping[str, RandomPlaces]
    lists: int
    left_out: int
    rate: float


def judge(
    folder: Path,
    rankers: Mapping[str, Ranker],
    outcome: str = "clicked",
    since: datetime | None = None,
) -> Judged:
    """Let versions choose among the items of each random choice in the log.

    Only the place that ``recsys serve --explore`` fills is random. All others have probability 1,
    so that they say nothing about a version that would show something else.

    Parameters
    ----------
    folder
        Of feedback.
    rankers
        Version -> how it ranks items for a user.
    outcome
        One of ``OUTCOMES``.
    since
        Only lists of this time and later.

    Raises
    ------
    QueryError
        For another outcome, and where nothing random was logged for known users.
    ArtifactError
        Where the file of a policy is missing or damaged.
    """
    if outcome not in OUTCOMES:
        raise QueryError(f"outcome {outcome!r}: choose from {', '.join(OUTCOMES)}")
    rows = explored(folder, since)
    known = rows.filter(pl.col(Feedback.ROUTE) == "user", pl.col(Feedback.USER).is_not_null())
    if known.is_empty():
        raise QueryError(
            "no random choice for a known user was logged, and only those say something about a "
            "version that was not served: recsys serve --explore POSITION"
        )
    choices = _Choices.of(folder, known, since)
    chosen = {name: choices.by(ranker) for name, ranker in rankers.items()}
    kept = np.logical_and.reduce([found >= 0 for found in chosen.values()])
    if not kept.any():
        raise QueryError("the versions know none of the users and items of the random choices")
    y = known[outcome].to_numpy().astype(np.float64)
    person = known[Feedback.USER].cast(pl.String).rank("dense").to_numpy().astype(np.int64)
    rates = cross_forecasts(choices.item[kept], y[kept], person[kept], len(choices.items))
    places = {
        name: RandomPlaces(
            y[kept],
            known[Feedback.PROPENSITY].to_numpy()[kept],
            (found == choices.item)[kept].astype(np.float64),
            rates[person % 2, choices.item][kept],
            rates[person % 2, found][kept],
            person[kept],
        )
        for name, found in chosen.items()
    }
    return Judged(places, len(rows), len(rows) - int(kept.sum()), float(y[kept].mean()))


@dataclass(frozen=True)
class _Choices:
    """Random choices; ``item`` are rows of ``items``, ``among`` those that could be chosen."""

    users: list[str]
    items: list[str]
    item: np.ndarray
    among: list[set[str]]

    @classmethod
    def of(cls, folder: Path, rows: pl.DataFrame, since: datetime | None) -> _Choices:
        """Read the policies, and what else each list had."""
        names = rows[Feedback.POLICY].cast(pl.String).to_list()
        policies = {name: ExplorePolicy.load(folder, name) for name in sorted(set(names))}
        key = [Feedback.LIST, Feedback.ITEM]
        others = (
            read_shown(folder, since, key)
            .join(rows.select(Feedback.LIST), on=Feedback.LIST, how="semi")
            .join(rows.select(key), on=key, how="anti")
            .group_by(Feedback.LIST)
            .agg(Feedback.ITEM)
        )
        listed = rows.select(Feedback.LIST).join(
            others, on=Feedback.LIST, how="left", maintain_order="left"
        )
        among = [
            set(policies[name].items) - set(there or ())
            for name, there in zip(names, listed[Feedback.ITEM].to_list(), strict=True)
        ]
        items = sorted(set().union(*among))
        row = {item: n for n, item in enumerate(items)}
        drawn = [row[item] for item in rows[Feedback.ITEM].to_list()]
        return cls(rows[Feedback.USER].to_list(), items, np.array(drawn), among)

    def by(self, ranker: Ranker) -> np.ndarray:
        """The rows of the items that a version would choose; -1 where it knows none."""
        ranked = {user: ranker(user, self.items) or [] for user in dict.fromkeys(self.users)}
        row = {item: n for n, item in enumerate(self.items)}
        return np.array(
            [
                next((row[item] for item in ranked[user] if item in among), -1)
                for user, among in zip(self.users, self.among, strict=True)
            ]
        )
