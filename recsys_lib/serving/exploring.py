"""Items without enough history: which there are, and how a version ranks them for somebody."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from recsys_lib.blend import BlendModel
from recsys_lib.errors import NotTrainedError
from recsys_lib.loop.exploration import ENOUGH_INTERACTIONS
from recsys_lib.serving.recommender import Recommender


def new_items(recommender: Recommender) -> list[str]:
    """Items with fewer than ``ENOUGH_INTERACTIONS`` interactions in the training data.

    Those without a title are left out: nobody could tell what they are.

    Raises
    ------
    NotTrainedError
        For a version without an evaluation, which does not recommend them.

    Examples
    --------
    >>> new_items(Recommender.load())  # doctest: +SKIP
    """
    blend = _blend(recommender)
    counts = np.pad(blend.als.popularity, (0, len(blend.items) - len(blend.als.items)))
    few = blend.items.ids(np.flatnonzero(counts < ENOUGH_INTERACTIONS))
    titled = {
        item
        for part in (recommender.als, recommender.product_search)
        if part is not None
        for item in part.display.filter(pl.col("title").is_not_null())["id"].to_list()
    }
    return [item for item in few if item in titled]


def items_of(recommender: Recommender, user_id: str) -> set[str]:
    """The items in a user's history; none for a user that the version does not know."""
    blend, users = _blend(recommender), recommender.require_als().users
    if user_id not in users:
        return set()
    user = users.row(user_id)
    return set(blend.items.ids(blend.histories.take(np.array([user])).items))


def ranked_among(recommender: Recommender, user_id: str, items: Sequence[str]) -> list[str] | None:
    """Some items, in the order in which a version would recommend them to a user.

    Those that it does not know, or that the user has, are left out. None for a user that it does
    not know.
    """
    blend, users = _blend(recommender), recommender.require_als().users
    if user_id not in users:
        return None
    rows = blend.items.rows(items, missing="negative")
    allowed = np.zeros(len(blend.items), dtype=bool)
    allowed[rows[rows >= 0]] = True
    best, _ = blend.for_user(users.row(user_id), "exclude", allowed).best(len(items))
    return list(blend.items.ids(best))


def _blend(recommender: Recommender) -> BlendModel:
    if recommender.blend is None:
        raise NotTrainedError(
            f"version {recommender.version} was not evaluated, so it recommends no items without "
            "history: recsys run --steps evaluate"
        )
    return recommender.blend
