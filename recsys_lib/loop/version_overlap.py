"""How alike the lists of two versions are, for some of the users.

The overlap is the share of items that both lists have. Rank-biased overlap also looks at their
order: the mean share of common items among the first d, in which depth d has the weight
``PERSISTENCE`` ** (d - 1).

Reference: Webber, Moffat, Zobel, "A similarity measure for indefinite rankings" (2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel, has_user_ids, user_ids
from recsys_lib.blend import BlendModel
from recsys_lib.ranking import NO_ITEM
from recsys_lib.registry import ALS_PART, BLEND_PART, SEARCH_PART, has_part

USERS, LENGTH = 200, 10
"""How many users' lists are compared, and how long they are."""
PERSISTENCE = 0.9
_NOTHING = ""


@dataclass(frozen=True)
class Overlap:
    """How alike the lists of two versions are.

    Parameters
    ----------
    users: whose lists were compared.
    overlap: mean share of common items, from 0 to 1.
    rank_biased: mean rank-biased overlap, from 0 to 1.
    changed: share of users whose lists have no item in common.
    """

    users: int
    overlap: float
    rank_biased: float
    changed: float

    def facts(self) -> dict[str, float]:
        """The numbers by their names, for people."""
        return {
            "users": self.users,
            "overlap": self.overlap,
            "rank-biased overlap": self.rank_biased,
            "users whose lists share nothing": self.changed,
        }


def version_overlap(first: Path, second: Path, *, seed: int) -> Overlap | None:
    """Compare the lists of two versions for users that both know.

    None where one of them was not evaluated, so that it has no blend, or was written by an earlier
    version of the project, or they share no user.
    ArtifactError where a file is damaged.
    """
    if not all(map(_can_answer, (first, second))):
        return None
    known = _users(first).join(_users(second), on="id", how="semi").sort("id")
    if known.is_empty():
        return None
    some = known.sample(min(USERS, len(known)), seed=seed)["id"].to_list()
    ours, theirs = (_lists(version, some) for version in (first, second))
    shared = shares(ours, theirs)
    weights = PERSISTENCE ** np.arange(LENGTH)
    return Overlap(
        len(some),
        float(shared[:, -1].mean()),
        float((shared @ weights / weights.sum()).mean()),
        float((shared[:, -1] == 0).mean()),
    )


def shares(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """The share of common ids among the first d of two lists, for each d; shape (lists, n).

    Both are objects of shape (lists, n), "" where a list is shorter; ids occur once in a list.

    Examples
    --------
    >>> shares(np.array([["a", "b"]]), np.array([["b", "a"]]))
    array([[0., 1.]])
    """
    same = (ours[:, :, None] == theirs[:, None, :]) & (ours != _NOTHING)[:, :, None]
    n = ours.shape[1]
    return np.stack([same[:, :d, :d].sum(axis=(1, 2)) / d for d in range(1, n + 1)], axis=1)


def _can_answer(version: Path) -> bool:
    return has_part(version, BLEND_PART) and has_user_ids(version / ALS_PART)


def _users(version: Path) -> pl.DataFrame:
    return user_ids(version / ALS_PART).series().to_frame()


def _lists(version: Path, users: list[str]) -> np.ndarray:
    """Ids of the best items for each user, object, shape (users, LENGTH)."""
    from recsys_lib.search import ProductSearch  # noqa: PLC0415  # slow, and not always there

    als = AlsModel.load(version / ALS_PART)
    search = None
    if has_part(version, SEARCH_PART):
        search = ProductSearch.load(version / SEARCH_PART)
    blend = BlendModel.load(version / BLEND_PART, als, search)
    rows, _ = blend.best(als.users.rows(users), LENGTH)
    found = np.full((len(users), LENGTH), _NOTHING, dtype=object)
    there = rows != NO_ITEM
    found[:, : rows.shape[1]][there] = blend.items.ids(rows[there])
    return found
