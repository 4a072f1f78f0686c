"""What a model version knows of users and items: factors, vectors of texts, prices.

The rows have the time at which the version was published: what it learned is unknown before, so
that a second row of each user and item, from ``BEGIN``, has nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel, recency_weighted
from recsys_lib.columns import Features, Products
from recsys_lib.compiled import blocks
from recsys_lib.features.history import BEGIN, TIME
from recsys_lib.registry import read_manifest
from recsys_lib.search import ProductSearch

_BLOCK = 1 << 16  # users


def version_time(folder: Path) -> datetime:
    """When a version was published; ArtifactError if it never was."""
    return datetime.fromisoformat(read_manifest(folder)["published_at"])


def user_vectors(als: AlsModel, time: datetime) -> Iterator[pl.DataFrame]:
    """Blocks with the columns user_id, event_timestamp and factors, in the order of the users.

    The factors are those with which the version answers, by fold-in of its histories.
    """
    weighted = recency_weighted(
        als.user_items, als.histories.newer, als.parameters.recency_half_life
    )
    names = als.users.series()
    for part in blocks(len(names), _BLOCK):
        factors = als.fold_in.solve_many(weighted[part])
        yield _since(time, _vectors(Features.USER, names[part], Features.FACTORS, factors))


def item_vectors(
    als: AlsModel, search: ProductSearch | None, products: pl.DataFrame, time: datetime
) -> pl.DataFrame:
    """Columns item_id, event_timestamp, price, factors and, with texts, text_vector.

    Of each item that the models or the catalogue have, by id; null where one of them does not have
    it. ``products`` has the columns ``Products.ALL``.
    """
    factors = np.asarray(als.model.item_factors)
    found = _vectors(Features.ITEM, als.items.series(), Features.FACTORS, factors)
    if search is not None:
        texts = _vectors(Features.ITEM, search.items.series(), Features.TEXT, search.embeddings)
        found = found.join(texts, on=Features.ITEM, how="full", coalesce=True)
    prices = products.select(pl.col(Products.ITEM).alias(Features.ITEM), Features.PRICE)
    found = found.join(prices, on=Features.ITEM, how="full", coalesce=True).sort(Features.ITEM)
    vectors = [name for name in (Features.FACTORS, Features.TEXT) if name in found.columns]
    return _since(time, found.select(Features.ITEM, Features.PRICE, *vectors))


def _since(time: datetime, found: pl.DataFrame) -> pl.DataFrame:
    """Rows without values from ``BEGIN``, then those that were found, with their time."""
    entity, *names = found.columns
    frames = (found.clear(len(found)).with_columns(found[entity]), found)
    times = (pl.lit(moment).cast(TIME).alias(Features.TIME) for moment in (BEGIN, time))
    return pl.concat(
        frame.select(entity, at, *names) for frame, at in zip(frames, times, strict=True)
    )


def _vectors(entity: str, ids: pl.Series, name: str, vectors: np.ndarray) -> pl.DataFrame:
    # A copy where the file is mapped: the table outlives it.
    column = pl.Series(name, np.array(vectors, dtype=np.float32)).arr.to_list()
    return pl.DataFrame({entity: ids, name: column})
