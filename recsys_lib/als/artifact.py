"""The ALS part of a model version: written by 02_train_als, asked by the recommender."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als.confidence import confidence, newer_items, recency_weights
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.model import ExactALS
from recsys_lib.als.training import TrainedAls, new_model
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import best_first
from recsys_lib.registry.parts import ITEM_FACTORS_FILE, Part, writing_part

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
    confidences = confidence(interactions, parameters)
    metrics = {
        "als.iterations": len(trained.history),
        "als.loss": trained.losses[-1],
        "als.seconds_per_iteration": float(np.mean([i.seconds for i in trained.history])),
        "als.training_seconds": float(sum(i.seconds for i in trained.history)),
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
        np.save(part / ITEM_FACTORS_FILE, trained.item_factors)
        sparse.save_npz(part / "user_items.npz", confidences, compressed=False)
        np.save(part / "newer.npy", newer_items(interactions))
        interactions.users.series().to_frame().write_parquet(part / "users.parquet")
        items.select("id", "title", "image_url").write_parquet(part / "items.parquet")
    return metrics


@dataclass(frozen=True)
class AlsModel:
    """A stored ALS part; rows are positions in ``users`` and ``items``.

    ``user_items`` holds confidences, 0 for what was seen and not liked.
    """

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

    def open_arrays(self) -> None:
        """Map the arrays that else are opened by the first question."""
        _ = self.model, self.newer

    @cached_property
    def parameters(self) -> AlsParameters:
        """What the part was trained with."""
        return AlsParameters(**self.part.parameters)

    @cached_property
    def model(self) -> ExactALS:
        """implicit's own model over the stored factors; it takes confidences."""
        model = new_model(self.parameters)
        model.user_factors = self.part.array("user_factors.npy")
        # Fold-in writes nothing here, but implicit's solver takes writable arrays only.
        model.item_factors = np.array(self.part.array(ITEM_FACTORS_FILE))
        return model

    @cached_property
    def fold_in(self) -> FoldIn:
        """What solves for a user vector, given a history."""
        return self.model.fold_in()

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
        seen = self.user_items.indices[slice(*self.user_items.indptr[row : row + 2])]
        return self._best(self.user_vector(row), n, seen if filter_seen else seen[:0])

    def user_vector(self, row: int) -> np.ndarray:
        """float32, shape (factors,): as trained, or folded in with weights of recency."""
        half_life = self.parameters.recency_half_life
        if not half_life:
            return np.asarray(self.model.user_factors[row])
        entries = slice(*self.user_items.indptr[row : row + 2])
        values = self.user_items.data[entries] * recency_weights(self.newer[entries], half_life)
        return self._solve(self.user_items.indices[entries], values)

    def recommend_for_rows(self, items: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """The same for anybody who liked ``items`` (rows, the newest last), by fold-in."""
        liked = np.array(list(dict.fromkeys(items[::-1].tolist())), dtype=np.int32)  # newest first
        weights = recency_weights(np.arange(len(liked)), self.parameters.recency_half_life)
        return self._best(self._solve(liked, self._typical_confidence * weights), n, liked)

    def _solve(self, items: np.ndarray, confidences: np.ndarray) -> np.ndarray:
        liked = confidences > 0
        cells = (confidences[liked], items[liked], [0, np.count_nonzero(liked)])
        return self.fold_in.solve(sparse.csr_matrix(cells, shape=(1, len(self.items))))[0]

    @cached_property
    def newer(self) -> np.ndarray:
        """How many items of the user are newer, int32, one for each entry of ``user_items``."""
        return self.part.array("newer.npy")

    @cached_property
    def _typical_confidence(self) -> np.float32:
        return np.float32(self.user_items.data[self.user_items.data > 0].mean())

    def _best(
        self, vector: np.ndarray, n: int, without: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        scores = self.model.item_factors @ vector
        scores[without] = -np.inf
        n = min(n, len(scores) - len(without))
        if n <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        rows = best_first(scores, n)
        return rows, scores[rows]
