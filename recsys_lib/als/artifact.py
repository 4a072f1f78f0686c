"""The ALS part of a model version: written by 02_train_als, asked by the recommender."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als.model import ConjugateGradientALS, ExactALS
from recsys_lib.als.training import TrainedAls, new_model
from recsys_lib.artifacts import Part, writing_part
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters

_LIBRARIES = ("implicit", "numpy", "scipy")


def write_als_part(
    folder: Path,
    trained: TrainedAls,
    interactions: Interactions,
    items: pl.DataFrame,
    *,
    parameters: AlsParameters,
    data_fingerprint: str,
) -> dict[str, float]:
    """Store factors, interactions and ids; return the step's metrics.

    ``items`` has the columns id, title, image_url, one row per item in the order of the factors.
    """
    if not items["id"].equals(interactions.items.series()):
        raise ValueError("items must have one row per item, in the order of interactions.items")
    metrics = {
        "als.iterations": len(trained.history),
        "als.loss": trained.losses[-1],
        "als.seconds_per_iteration": float(np.mean([i.seconds for i in trained.history])),
        "als.users": len(interactions.users),
        "als.items": len(interactions.items),
    }
    with writing_part(
        folder,
        parameters=parameters.model_dump(),
        data_fingerprint=data_fingerprint,
        libraries=_LIBRARIES,
        metrics=metrics,
    ) as part:
        np.save(part / "user_factors.npy", trained.user_factors)
        np.save(part / "item_factors.npy", trained.item_factors)
        sparse.save_npz(part / "user_items.npz", interactions.user_items(), compressed=False)
        interactions.users.series().to_frame().write_parquet(part / "users.parquet")
        items.select("id", "title", "image_url").write_parquet(part / "items.parquet")
    return metrics


@dataclass(frozen=True)
class AlsModel:
    """A stored ALS part; rows are positions in ``users`` and ``items``."""

    part: Part
    users: IdMap
    items: IdMap
    display: pl.DataFrame
    user_items: sparse.csr_matrix

    @classmethod
    def load(cls, folder: Path) -> AlsModel:
        """Open the part; user factors are memory-mapped. ArtifactError when it is not whole."""
        part = Part.read(folder)
        display = pl.read_parquet(folder / "items.parquet")
        users = pl.read_parquet(folder / "users.parquet")
        return cls(
            part=part,
            users=IdMap(users["id"]),
            items=IdMap(display["id"]),
            display=display,
            user_items=part.matrix("user_items.npz"),
        )

    @cached_property
    def model(self) -> ExactALS | ConjugateGradientALS:
        """implicit's own model over the stored factors."""
        model = new_model(AlsParameters(**self.part.parameters))
        model.user_factors = self.part.array("user_factors.npy")
        # Fold-in writes nothing here, but implicit's solver takes writable arrays only.
        model.item_factors = np.array(self.part.array("item_factors.npy"))
        return model

    @cached_property
    def popularity(self) -> np.ndarray:
        """Users per item, shape (items,)."""
        return np.bincount(self.user_items.indices, minlength=len(self.items))

    def similar(self, row: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosine similarities of the n nearest other items, best first."""
        rows, scores = self.model.similar_items(row, N=min(n + 1, len(self.items)))
        others = rows != row
        return rows[others][:n], scores[others][:n]

    def recommend(self, row: int, n: int, *, filter_seen: bool) -> tuple[np.ndarray, np.ndarray]:
        """Rows and scores of the best items for a known user."""
        return self._recommend(row, self.user_items[row], n, filter_seen, fold_in=False)

    def recommend_for_rows(self, items: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """The same for anybody who liked ``items`` (rows), by solving for a new user vector."""
        liked = np.unique(items)
        shape = (1, len(self.items))
        liking = np.full(len(liked), self._typical_rating, dtype=np.float32)
        history = sparse.csr_matrix((liking, (np.zeros(len(liked), dtype=int), liked)), shape=shape)
        return self._recommend(0, history, n, filter_seen=True, fold_in=True)

    @cached_property
    def _typical_rating(self) -> float:
        return float(self.user_items.data.mean())

    def _recommend(
        self, row: int, history: sparse.csr_matrix, n: int, filter_seen: bool, *, fold_in: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        rows, scores = self.model.recommend(
            row,
            history,
            N=min(n, len(self.items)),
            filter_already_liked_items=filter_seen,
            recalculate_user=fold_in,
        )
        # implicit gives filtered items the lowest float instead of leaving them out.
        real = scores > np.finfo(np.float32).min
        return rows[real], scores[real]
