"""How a product is shown: its title, and one image out of what the catalogue lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from recsys_lib.columns import Products

_SIZES = ("large", "hi_res", "thumb")
_ACCEPTED = ("https://", "http://", "data:image/")


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

    ``images`` (strings) holds one address, or JSON: a list of addresses, or of objects with the
    addresses of several sizes, tried in the order large, hi_res, thumb. Only http(s) and
    data:image/ addresses are usable, so that no script gets into a page.
    """
    urls = [None if text is None else _first(text) for text in images.to_list()]
    return pl.Series("image_url", urls, dtype=pl.String)


def _first(text: str) -> str | None:
    """The address in one cell; None for text that is neither an address nor JSON."""
    if (url := _usable(text)) is not None:
        return url
    try:
        images = json.loads(text)
    except json.JSONDecodeError:
        return None
    candidates = images if isinstance(images, list) else [images]
    return next((url for image in candidates if (url := _of_image(image)) is not None), None)


def _of_image(image: Any) -> str | None:
    if isinstance(image, dict):
        return next((url for size in _SIZES if (url := _usable(image.get(size))) is not None), None)
    return _usable(image)


def _usable(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    url = value.strip()
    return url if url.lower().startswith(_ACCEPTED) else None
