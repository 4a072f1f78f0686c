"""Bring an ALS part in step with changed interactions, without a training.

User factors follow by themselves, since fold-in solves for them from the histories. The factors of
items whose interactions changed are solved exactly, given the factors of all users: half an
iteration of the training, for these items alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als._distinct import DistinctRows
from recsys_lib.als._linear_algebra import rotate
from recsys_lib.als.confidences import confidence, liked
from recsys_lib.als.part import AlsModel
from recsys_lib.als.solver import Penalty, Side
from recsys_lib.als.storing import store_als_part
from recsys_lib.compiled import Workers
from recsys_lib.data.interactions import Interactions
from recsys_lib.registry.parts import ITEM_FACTORS_FILE


@dataclass(frozen=True)
class UpdatedAls:
    """What was solved.

    Parameters
    ----------
    items: number of items whose factors were solved, new ones included.
    new_users, new_items: users and items that the part did not know.
    """

    items: int
    new_users: int
    new_items: int


def update_als_part(
    before: AlsModel,
    folder: Path,
    interactions: Interactions,
    items: pl.DataFrame,
    *,
    data_fingerprint: str,
) -> UpdatedAls:
    """Store an ALS part for changed interactions, with the parameters of the part ``before``.

    Parameters
    ----------
    before
        The part to go on from.
    folder
        Where to put the new part.
    interactions
        All interactions of now.
    items
        Columns id, title and image_url, one row per item, in the order of ``interactions.items``.
    data_fingerprint
        Of the interactions, for the manifest.

    Returns
    -------
    UpdatedAls
        Each solution is the minimum of the objective over its item, with all else fixed, so the
        objective does not rise.
    """
    parameters, old = before.parameters, before.part.array(ITEM_FACTORS_FILE)
    new_rows = before.items.rows_in(interactions.items)
    factors = np.zeros((len(interactions.items), old.shape[1]), dtype=np.float32)
    factors[new_rows[new_rows >= 0]] = old[new_rows >= 0]
    confidences = confidence(interactions, parameters)
    new_user_rows = before.users.rows_in(interactions.users)
    chosen = changed_items(before.user_items, confidences, new_user_rows, new_rows)
    solve_items(factors, liked(confidences), chosen, Penalty.from_parameters(parameters))
    found = UpdatedAls(
        len(chosen),
        len(interactions.users) - int((new_user_rows >= 0).sum()),
        len(interactions.items) - int((new_rows >= 0).sum()),
    )
    counts = {"als.users": len(interactions.users), "als.items": len(interactions.items)}
    store_als_part(
        folder,
        factors,
        interactions,
        items,
        parameters=parameters,
        data_fingerprint=data_fingerprint,
        metrics=before.part.manifest["metrics"] | counts,
    )
    return found


def changed_items(
    before: sparse.csr_matrix,
    now: sparse.csr_matrix,
    new_user_rows: np.ndarray,
    new_item_rows: np.ndarray,
) -> np.ndarray:
    """Items with an interaction that is new, gone or of another confidence, as rows of ``now``.

    ``new_user_rows`` and ``new_item_rows`` have for each row of ``before`` that of ``now``, or -1.
    """
    users = np.repeat(new_user_rows, np.diff(before.indptr))
    items = new_item_rows[before.indices]
    known = (users >= 0) & (items >= 0)
    cells = (before.data[known], (users[known], items[known]))
    difference = now - sparse.csr_matrix(cells, shape=now.shape)
    changed = np.zeros(now.shape[1], dtype=bool)
    changed[difference.indices[difference.data != 0]] = True
    changed[items[(users < 0) & (items >= 0) & (before.data != 0)]] = True
    return np.flatnonzero(changed)


def solve_items(
    factors: np.ndarray, confidences: sparse.csr_matrix, chosen: np.ndarray, penalty: Penalty
) -> None:
    """Overwrite the factors of some items by the exact solution, given those of all users.

    ``factors`` is float32 (items, factors); the factors of users are solved from it.
    ``confidences`` has the shape (users, items) and no explicit zeros; ``chosen`` are rows of
    items.
    """
    if not len(chosen):
        return
    users = DistinctRows.from_matrix(confidences)
    of_users = np.empty((users.rows.shape[0], factors.shape[1]), dtype=np.float32)
    ones = np.ones(len(factors), dtype=np.float32)
    solved = np.empty((len(chosen), factors.shape[1]), dtype=np.float32)
    by_item = sparse.csr_matrix(users.rows.T)[chosen]
    with Workers.started() as workers:
        # Each solution is in the axes to which the fixed side was rotated; the two rotations
        # together lead back.
        first = Side(users.rows, of_users, ones, penalty).solve(factors.copy(), workers)
        second = Side(by_item, solved, users.counts, penalty).solve(of_users, workers)
        rotate(solved, np.ascontiguousarray((first @ second).T), workers)
    factors[chosen] = solved
