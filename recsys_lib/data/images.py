"""The picture of a product: one address out of what the catalogue says about its images."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

_SIZES = ("large", "hi_res", "thumb")
_ACCEPTED = ("https://", "http://", "data:image/")


def first_image_urls(images: pl.Series) -> pl.Series:
    """The first usable address per product, null where there is none.

    ``images`` (strings) holds JSON: a list of addresses, or of objects with the addresses of
    several sizes, of which large, hi_res, thumb are tried in this order; or one address as plain
    text. Only http(s) and data:image/ addresses are usable, so no script reaches a page.
    """
    urls = [None if text is None else _first(text) for text in images.to_list()]
    return pl.Series("image_url", urls, dtype=pl.String)


def _first(text: str) -> str | None:
    """The address in one cell; text that is neither an address nor JSON holds no picture."""
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
