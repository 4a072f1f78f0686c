"""A look at what the factors learned."""

from __future__ import annotations

import numpy as np
import polars as pl

from recsys_lib.als.artifact import AlsModel
from recsys_lib.ranking import best_first


def similar_examples(model: AlsModel, n_items: int, n_similar: int) -> pl.DataFrame:
    """The nearest items of the most popular ones: item, rank, similar item, score.

    The item is named in its first row only.
    """
    popular = best_first(model.popularity, n_items)
    return pl.concat([_neighbours(model, int(row), n_similar) for row in popular])


def _neighbours(model: AlsModel, row: int, n: int) -> pl.DataFrame:
    rows, scores = model.similar(row, n)
    names = model.display.select(pl.coalesce("title", "id")).to_series()
    return pl.DataFrame(
        {
            "item": [names[row], *[""] * (len(rows) - 1)],
            "rank": np.arange(1, len(rows) + 1),
            "similar item": names[rows.tolist()],
            "score": scores,
        }
    )
