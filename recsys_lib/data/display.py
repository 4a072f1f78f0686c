"""What people see of an item: its title and its picture."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.images import first_image_urls


def display_table(ids: Sequence[str], products: pl.DataFrame) -> pl.DataFrame:
    """Columns id, title, image_url, one row per id in the given order; null where unknown.

    ``products`` has the columns ``Products.ALL``.
    """
    shown = products.select(
        pl.col(Products.ITEM).alias("id"),
        pl.col(Products.TITLE).alias("title"),
        first_image_urls(products[Products.IMAGES]).alias("image_url"),
    )
    wanted = pl.DataFrame({"id": pl.Series(ids, dtype=pl.String)})
    return wanted.join(shown, on="id", how="left", maintain_order="left")
