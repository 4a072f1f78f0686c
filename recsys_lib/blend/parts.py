"""What the steps before the evaluation have left of a version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.training import item_embeddings
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry.parts import ALS_PART, PART_MANIFEST, SEARCH_PART


@dataclass(frozen=True)
class Parts:
    """Parameters and texts that the models of the evaluation are trained with.

    Parameters
    ----------
    als: parameters of the ALS part.
    display: columns id, title, image_url, one row for each item.
    embeddings: float32, shape (items, dimension), zeros without a text; None without a search
        part.
    """

    als: AlsParameters
    display: pl.DataFrame
    embeddings: np.ndarray | None

    @classmethod
    def load(cls, version: Path) -> Parts:
        """Read the parts ``als`` and, where it is there, ``search`` of a version's folder."""
        from recsys_lib.search import ProductSearch  # noqa: PLC0415  # slow, and not always there

        als = AlsModel.load(version / ALS_PART)
        embeddings = None
        if (version / SEARCH_PART / PART_MANIFEST).is_file():
            search = ProductSearch.load(version / SEARCH_PART)
            embeddings = item_embeddings(search, als.items.ids())
        return cls(als.parameters, als.display, embeddings)

    def histories(self, interactions: Interactions) -> Histories:
        """Histories with the confidences that ALS is trained with."""
        return Histories.from_interactions(interactions, self.als)
