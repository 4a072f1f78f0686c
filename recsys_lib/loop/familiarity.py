"""How much of the newest interactions the served version knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.als import ITEMS_FILE, has_user_ids, user_ids
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.registry import ALS_PART, has_part


@dataclass(frozen=True)
class Unknown:
    """What a version does not know of the newest interactions.

    Parameters
    ----------
    interactions: the newest ones.
    items, users: shares of them with an item, and of a user, that the version does not know.
    new_items, new_users: how many these are.
    """

    interactions: int
    items: float
    users: float
    new_items: int
    new_users: int


def unknown_to(version: Path, interactions: Interactions, newest: np.ndarray) -> Unknown | None:
    """What a version does not know of the ``newest`` interactions, bool, shape (n,).

    None where the version has no ALS part, which holds its users and items, or one of an earlier
    form, or nothing is new.
    """
    part = version / ALS_PART
    if not (has_part(version, ALS_PART) and has_user_ids(part) and newest.any()):
        return None
    item, user = interactions.item[newest], interactions.user[newest]
    known_items = IdMap(pl.read_parquet(part / ITEMS_FILE, columns=["id"])["id"])
    new_item = (interactions.items.rows_in(known_items) < 0)[item]
    new_user = (interactions.users.rows_in(user_ids(part)) < 0)[user]
    return Unknown(
        int(newest.sum()),
        float(new_item.mean()),
        float(new_user.mean()),
        len(np.unique(item[new_item])),
        len(np.unique(user[new_user])),
    )
