"""What the details of a product say under names that many catalogues use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_NO_LETTER = re.compile(r"[^a-z]+")
_IN_STOCK = (
    *("in_stock", "is_in_stock", "instock", "stock", "stock_status", "stock_level"),
    *("stock_quantity", "quantity_in_stock", "inventory"),
    *("availability", "available", "is_available"),
)
_BRAND = ("brand", "brand_name", "manufacturer")
_PARENT = (
    *("parent_id", "parent_sku", "parent_asin", "parent_product_id"),
    *("item_group_id", "product_group_id", "variant_group_id", "master_id"),
)
_YES = {"yes", "y", "true", "available", "in_stock", "instock", "low_stock", "limited_availability"}
_YES |= {"limitedavailability", "in_store_only", "instoreonly", "online_only", "onlineonly"}
_NO = {"no", "n", "false", "unavailable", "not_available", "out_of_stock", "outofstock", "sold_out"}
_NO |= {"soldout", "discontinued", "not_in_stock", "currently_unavailable", "none"}

Details = Mapping[str, Any]


def parsed_details(text: str | None) -> Details:
    """The details of a product by their names in one spelling; empty for what is no object."""
    if not text or text.lstrip()[:1] != "{":
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return {_NO_LETTER.sub("_", name.lower()).strip("_"): value for name, value in found.items()}


def brand(details: Details) -> str | None:
    """The brand; None where there is none."""
    return _first_text(details, _BRAND)


def parent(details: Details) -> str | None:
    """Id of the product of which this is a variant; None where there is none."""
    return _first_text(details, _PARENT)


def in_stock(details: Details) -> bool | None:
    """Whether the product can be had; None where nothing says so."""
    return next(
        (found for name in _IN_STOCK if (found := _truth(details.get(name))) is not None), None
    )


def _first_text(details: Details, names: Iterable[str]) -> str | None:
    values = (details.get(name) for name in names)
    texts = (str(v).strip() for v in values if isinstance(v, str | int))
    return next((text for text in texts if text), None)


def _truth(value: Any) -> bool | None:
    """What a value such as True, 3, "Out of stock" or "https://schema.org/InStock" says."""
    if isinstance(value, bool | int | float):
        return value > 0
    if not isinstance(value, str):
        return None
    text = value.strip().lower().rpartition("/")[2]
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) > 0
    words = _NO_LETTER.sub("_", text).strip("_")
    if words in _YES or words.startswith(("in_stock", "only")):
        return True
    if words in _NO or words.startswith(("out_of_stock", "temporarily_out", "currently_un")):
        return False
    return None
