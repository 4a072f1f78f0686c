"""What the details of a product say under names that many catalogues use."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from recsys_lib.search._words import plain

_NO_LETTER = re.compile(r"[^a-z]+")
# Names and values are compared by their letters alone: "In Stock", "inStock" and "in_stock".
_STOCK_NAMES = """
    instock isinstock stock stockstatus stocklevel stockquantity quantityinstock inventory
    availability available isavailable verfugbarkeit verfugbar lagerbestand bestand
    disponibilite disponibilidad disponibilita disponible voorraad beschikbaarheid
"""
_BRAND_NAMES = "brand brandname manufacturer marke hersteller marque fabricant marca merk"
_PARENT_NAMES = """
    parentid parentsku parentasin parentproductid itemgroupid productgroupid variantgroupid
    variantof masterid
"""
_YES_WORDS = """
    yes y true available instock lowstock limitedavailability instoreonly onlineonly
    ja verfugbar lieferbar auflager vorratig oui disponible enstock si disponibile
    opvoorraad beschikbaar
"""
_NO_WORDS = """
    no n false unavailable notavailable outofstock soldout discontinued notinstock
    currentlyunavailable none nein nichtverfugbar nichtlieferbar nichtauflager ausverkauft
    vergriffen non nondisponible indisponible rupturedestock enrupturedestock epuise
    agotado nodisponible sinstock esaurito nondisponibile nee uitverkocht nietopvoorraad
"""
_IN_STOCK, _BRAND, _PARENT = (
    tuple(names.split()) for names in (_STOCK_NAMES, _BRAND_NAMES, _PARENT_NAMES)
)
_YES, _NO = (frozenset(words.split()) for words in (_YES_WORDS, _NO_WORDS))

Details = Mapping[str, Any]


def parsed_details(text: str | None) -> Details:
    """The details of a product by their names in one spelling; empty for what is no object."""
    if not text or text.lstrip()[:1] != "{":
        return {}
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return {_letters(name): value for name, value in found.items()}


def brand(details: Details) -> str | None:
    """The brand; None where there is none."""
    return _first_text(details, _BRAND)


def parent(details: Details) -> str | None:
    """Id of the product of which this is a variant; None where there is none."""
    return _first_text(details, _PARENT)


def in_stock(details: Details) -> bool | None:
    """Whether the product can be had; None where nothing says so."""
    said = (details[name] for name in _IN_STOCK if name in details)
    return next((found for value in said if (found := _truth(value)) is not None), None)


def _first_text(details: Details, names: Iterable[str]) -> str | None:
    values = (details[name] for name in names if name in details)
    texts = (str(v).strip() for v in values if isinstance(v, str | int))
    return next((text for text in texts if text), None)


def _truth(value: Any) -> bool | None:
    """What a value such as True, 3, "Out of stock" or "https://schema.org/InStock" says."""
    if isinstance(value, bool | int | float):
        return None if math.isnan(value) else value > 0
    if not isinstance(value, str):
        return None
    text = value.strip().lower().rpartition("/")[2]
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) > 0
    words = _letters(text)
    if words in _YES or words.startswith(("instock", "only")):
        return True
    if words in _NO or words.startswith(("outofstock", "temporarilyout", "currentlyun")):
        return False
    return None


@lru_cache(maxsize=4096)  # the same few names in every product
def _letters(text: str) -> str:
    return _NO_LETTER.sub("", plain(text))
