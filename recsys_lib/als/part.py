"""The ALS part of a model version: written by 02_train_als, queried by the recommender."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als.confidences import recency_weights
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.implicit_models import ExactALS
from recsys_lib.als.user_files import UserHistories, item_counts, user_ids
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import best_first
from recsys_lib.registry.parts import ITEM_FACTORS_FILE, Part
from recsys_lib.registry.stored_ids import StoredIds

ITEMS_FILE = "items.parquet"
MEANS_FILE = "mean_ratings.npy"  # only where ratings are opinions


@dataclass(frozen=True)
class AlsModel:
    """A stored ALS part. Users and items are given by their rows in ``users`` and ``items``.

    Parameters
    ----------
    part : Part
    users : StoredIds
    items : IdMap
    display : polars.DataFrame
        Columns id, title and image_url, one row per item.
    histories : UserHistories
        Confidences of the items of each user.
    counts : polars.DataFrame
        Columns users, likes and confidence (the sum of all), one row per item.
    mean_ratings : numpy.ndarray or None
        Of each item, float32, shape (items,); None where ratings are no opinions.
    model : ExactALS
        implicit's model over the stored item factors; it takes confidences.

    Examples
    --------
    >>> import tempfile
    >>> from recsys_lib.als import train_als, write_als_part
    >>> from recsys_lib.data.interactions import Interactions
    >>> user, item = np.divmod(np.array([0, 1, 3, 4, 8, 9, 11]), 4)
    >>> interactions = Interactions(
    ...     users=IdMap(["ann", "bob", "cy"]),
    ...     items=IdMap(["belt", "pump", "mug", "cup"]),
    ...     user=user.astype(np.int32),
    ...     item=item.astype(np.int32),
    ...     rating=np.ones(7, dtype=np.float32),
    ...     timestamp=np.arange(7),
    ... )
    >>> parameters = AlsParameters(factors=2, iterations=5, num_threads=1)
    >>> items = pl.DataFrame({"id": interactions.items.ids()})
    >>> items = items.with_columns(title="id", image_url=pl.lit(None, pl.String))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     metrics = write_als_part(
    ...         Path(folder) / "als",
    ...         train_als(interactions, parameters),
    ...         interactions,
    ...         items,
    ...         parameters=parameters,
    ...         data_fingerprint="example",
    ...     )
    ...     model = AlsModel.load(Path(folder) / "als")
    >>> rows, scores = model.recommend(model.users.row("bob"), 1)
    >>> model.items.ids(rows).tolist()
    ['pump']
    """

    part: Part
    users: StoredIds
    items: IdMap
    display: pl.DataFrame
    histories: UserHistories
    counts: pl.DataFrame
    mean_ratings: np.ndarray | None
    model: ExactALS

    @classmethod
    def load(cls, folder: Path) -> AlsModel:
        """Open the part; ArtifactError if it is incomplete, or of an earlier version.

        All files are read or memory-mapped now, so the model outlives its folder: ``recsys clean``
        may remove a version that is still open. What grows with the users is mapped.
        """
        part = Part.read(folder)
        users = user_ids(folder)
        display = pl.read_parquet(folder / ITEMS_FILE, glob=False)
        model = ExactALS.from_parameters(AlsParameters(**part.parameters))
        # A copy: nothing is written to it, but implicit's compiled code takes no read-only arrays.
        model.item_factors = np.array(part.array(ITEM_FACTORS_FILE))
        return cls(
            part=part,
            users=users,
            items=IdMap(display["id"]),
            display=display,
            histories=UserHistories.open(part),
            counts=item_counts(folder),
            mean_ratings=part.array(MEANS_FILE) if MEANS_FILE in part.manifest["files"] else None,
            model=model,
        )

    @cached_property
    def parameters(self) -> AlsParameters:
        """The parameters of the training."""
        return AlsParameters(**self.part.parameters)

    @cached_property
    def fold_in(self) -> FoldIn:
        """Solves for user vectors, given histories."""
        return self.model.fold_in()

    @cached_property
    def user_items(self) -> sparse.csr_matrix:
        """Confidences of all users, shape (users, items), for work on all of them."""
        return self.histories.matrix(len(self.items))

    @cached_property
    def popularity(self) -> np.ndarray:
        """Users per item, shape (items,)."""
        return self.counts["users"].to_numpy()

    @cached_property
    def learned(self) -> np.ndarray:
        """Which items somebody liked and whose vector is not 0: bool, shape (items,)."""
        return (self.counts["likes"].to_numpy() > 0) & self.model.item_factors.any(axis=1)

    @cached_property
    def typical_confidence(self) -> float:
        """The mean confidence of what users liked, 0 where nobody liked anything."""
        return float(self.counts["confidence"].sum()) / max(int(self.counts["likes"].sum()), 1)

    def similar(
        self, row: int, n: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosine similarities of the n nearest other items, best first.

        Items of which nothing was learned are near none; see :attr:`learned`. With ``allowed``,
        bool, shape (items,), only its items.
        """
        candidates = self.learned if allowed is None else self.learned & allowed
        n_left_out = len(self.items) - int(candidates.sum())
        rows, scores = self.model.similar_items(row, N=min(n + 1 + n_left_out, len(self.items)))
        others = (rows != row) & candidates[rows]
        return rows[others][:n], scores[others][:n]

    def recommend(
        self, row: int, n: int, repeats: str = "exclude", allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows and scores of the best items for a known user, best first.

        ``repeats`` says whether items of the history are left out (``exclude``), compete
        (``allow``) or are ranked alone (``only``). With ``allowed``, bool, shape (items,), only
        its items.
        """
        left_out = np.zeros(len(self.items), dtype=bool) if allowed is None else ~allowed
        seen = self.history(row)
        if repeats == "exclude":
            left_out[seen] = True
        elif repeats == "only":
            left_out |= ~np.isin(np.arange(len(self.items)), seen)
        return self._best(self.user_vector(row), n, left_out)

    def history(self, row: int) -> np.ndarray:
        """Rows of the items that a known user has."""
        return self.histories.items[self.histories.entries(row)]

    def recommend_for_rows(
        self, items: np.ndarray, n: int, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same for anybody who liked ``items`` (rows, the newest last), by fold-in."""
        newest_first = np.array(list(dict.fromkeys(items[::-1].tolist())), dtype=np.int32)
        newer = np.arange(len(newest_first))
        weights = recency_weights(newer, self.parameters.recency_half_life)
        confidences = np.float32(self.typical_confidence) * weights
        vector = self.fold_in.solve_one(newest_first, confidences)
        left_out = np.zeros(len(self.items), dtype=bool) if allowed is None else ~allowed
        left_out[newest_first] = True
        return self._best(vector, n, left_out)

    def user_vector(self, row: int) -> np.ndarray:
        """float32, shape (factors,), by fold-in of the history, recency-weighted if that is on."""
        own, histories = self.histories.entries(row), self.histories
        weights = recency_weights(histories.newer[own], self.parameters.recency_half_life)
        return self.fold_in.solve_one(histories.items[own], histories.confidences[own] * weights)

    def _best(
        self, vector: np.ndarray, n: int, left_out: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Of equal scores the item of lower row comes first."""
        scores = self.model.item_factors @ vector
        scores[left_out] = -np.inf
        rows = best_first(scores, min(n, len(scores) - int(left_out.sum())))
        return rows, scores[rows]
