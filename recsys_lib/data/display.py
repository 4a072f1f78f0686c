"""How a product is shown: its title, and one image out of what the catalogue lists."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data._pictures import addresses, decoded


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


def first_image_urls(images: pl.Series) -> pl.Series:
    """The first usable image address of each product, null where there is none.

    ``images`` (strings) holds one address or several, or JSON: a list of addresses, or of objects
    with the addresses of several sizes. Only http(s) and data:image/ addresses are usable, so that
    no script gets into a page.
    """
    urls = [
        None if text is None else next(addresses(decoded(text)), None) for text in images.to_list()
    ]
    return pl.Series("image_url", urls, dtype=pl.String)
