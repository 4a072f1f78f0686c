"""Whose history changed between two versions, and whether the model did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als import MEANS_FILE, AlsModel, is_of_users
from recsys_lib.blend.part import HISTORY_FILES
from recsys_lib.registry import ALS_PART, BLEND_PART, has_part
from recsys_lib.registry.parts import Part

_CONFIDENCE = ("confidence", "alpha", "min_rating")


@dataclass(frozen=True)
class Changes:
    """What differs between an earlier version and a later one.

    Parameters
    ----------
    users: int64, ascending: rows in the later version of users who are new, or whose history has
        other items, another order or other ratings.
    removed: ids of users whom the later version does not have.
    same_model: whether everything else is the same, so that all other lists are.
    """

    users: np.ndarray
    removed: pl.Series
    same_model: bool

    @classmethod
    def between(cls, earlier: Path, later: Path, als: AlsModel, parts: Iterable[str]) -> Changes:
        """Compare two folders of versions; ``als`` is the part of the later one.

        ``parts`` are those that the lists come from.

        ArtifactError where a part of the earlier version is damaged.
        """
        old = AlsModel.load(earlier / ALS_PART)
        ids, old_ids = als.users.series().alias("id"), old.users.series().alias("id")
        places = ids.to_frame().join(
            old_ids.to_frame().with_row_index("row"), on="id", how="left", maintain_order="left"
        )
        rows = places["row"].cast(pl.Int64).fill_null(-1).to_numpy()
        known = np.flatnonzero(rows >= 0)
        changed = np.ones(len(rows), dtype=bool)
        changed[known] = _differ(old, als, rows[known], known)
        removed = np.ones(len(old_ids), dtype=bool)
        removed[rows[known]] = False
        same_model = all(_content(earlier, name) == _content(later, name) for name in parts)
        return cls(np.flatnonzero(changed), old_ids.filter(removed), same_model)

    def sentence(self, earlier: str, n_users: int) -> str:
        """What the lists of the others are, for people; ``n_users`` has the later version."""
        others = n_users - len(self.users)
        said = (
            f"{len(self.users):,} of {n_users:,} users have another history than in {earlier}, or "
            f"are new; {len(self.removed):,} are gone. "
        )
        if self.same_model:
            return said + f"The model is the same: the lists of the other {others:,} are, too."
        return said + (
            f"The model changed as well: the lists of the other {others:,} may differ, too; "
            "an export without --changed-since writes all."
        )


def _differ(old: AlsModel, new: AlsModel, old_rows: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Whether the histories of some users differ, bool, shape (users,)."""
    before, after = _entries(old, new), new.user_items
    old_lengths = np.diff(before.indptr)[old_rows]
    lengths = np.diff(after.indptr)[rows]
    differ = old_lengths != lengths
    same = np.flatnonzero(~differ)
    user = np.repeat(same, lengths[same])
    within = np.arange(len(user)) - np.repeat(
        np.cumsum(lengths[same]) - lengths[same], lengths[same]
    )
    there, here = before.indptr[old_rows[user]] + within, after.indptr[rows[user]] + within
    entry = before.data[there]  # of the earlier version, in the order of the later one's items
    unequal = before.indices[there] != after.indices[here]
    unequal |= old.histories.newer[entry] != new.histories.newer[here]
    confidences, own = old.user_items.data[entry], after.data[here]
    unequal |= confidences != own if _comparable(old, new) else (confidences > 0) != (own > 0)
    differ[user[unequal]] = True
    return differ


def _entries(old: AlsModel, new: AlsModel) -> sparse.csr_matrix:
    """The histories of the earlier version with the later one's items; values are entries."""
    items = new.items.rows(list(old.items.ids()), missing="negative")
    gone = np.flatnonzero(items < 0)
    items[gone] = len(new.items) + gone  # equal to none
    histories = old.user_items
    mapped = sparse.csr_matrix(
        (np.arange(histories.nnz), items[histories.indices], histories.indptr),
        shape=(histories.shape[0], len(new.items) + len(old.items)),
    )
    mapped.sort_indices()
    return mapped


def _comparable(old: AlsModel, new: AlsModel) -> bool:
    """Whether equal ratings have equal confidences; else only likes are compared."""
    before, after = old.parameters, new.parameters
    fading = before.half_life_days or after.half_life_days
    alike = all(getattr(before, name) == getattr(after, name) for name in _CONFIDENCE)
    return alike and not fading


def _content(version: Path, name: str) -> tuple[dict[str, str], dict[str, object]] | None:
    """Parameters and digests of a part, but for histories; None without the part."""
    if not has_part(version, name):
        return None
    part = Part.read(version / name)
    files = part.manifest["files"].items()
    kept = {file: facts["sha256"] for file, facts in files if not _is_of_users(name, file)}
    return kept, part.parameters


def _is_of_users(part: str, file: str) -> bool:
    """Whether a file says what users did; no list of another user depends on it."""
    if part == ALS_PART:
        return is_of_users(file) or file == MEANS_FILE
    return part == BLEND_PART and file in HISTORY_FILES
