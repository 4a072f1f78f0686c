"""The catalogue as lines of ``meta.jsonl``."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import numpy as np

from recsys_lib.data.sample.assortment import FIRST_DAY, MACHINES, PRODUCT_TYPES, ProductType
from recsys_lib.data.sample.catalogue import Catalogue
from recsys_lib.data.sample.pages import Page, machine_page, part_page, translated, universal_page
from recsys_lib.data.sample.pictures import picture
from recsys_lib.data.sample.product_types import BRANDS, COLOURS, Kind

_TOOLS_SHARE = 0.1
_FOREIGN_SHARE = 0.012
_PRICELESS, _PICTURELESS, _UNDESCRIBED = 0.3, 0.06, 0.15
_COLOUR_LETTERS = "WSBLK"


class Listings:
    """Makes the metadata of one product after another, in the schema of the real files."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        self._catalogue = catalogue
        self._models = model_numbers(catalogue)
        self._random = Random(seed)

    def listing(self, row: int, asin: str, rating: float | None, ratings: int) -> dict[str, Any]:
        """The line of ``meta.jsonl`` for the product at ``row``."""
        product_type, chance = self._product_type(row), self._random.random
        page = self._page(row)
        if chance() < _FOREIGN_SHARE:
            page = translated(page, MACHINES[product_type.machine], product_type.part, self._random)
        return {
            "main_category": "Appliances"
            if chance() > _TOOLS_SHARE
            else "Tools & Home Improvement",
            "title": page.title,
            "average_rating": rating,
            "rating_number": ratings,
            "features": page.features,
            "description": page.description if chance() > _UNDESCRIBED else [],
            "price": page.price if chance() > _PRICELESS else None,
            "images": _images(product_type.icon, page.colour) if chance() > _PICTURELESS else [],
            "videos": [],
            "store": page.store,
            "categories": page.categories,
            "details": page.details | {"Date First Available": self._first_day(row)},
            "parent_asin": asin,
            "bought_together": None,
        }

    def _page(self, row: int) -> Page:
        catalogue, random = self._catalogue, self._random
        product_type, family = self._product_type(row), int(catalogue.family[row])
        machine = MACHINES[product_type.machine]
        if product_type.part is not None and family < 0:
            return universal_page(machine, product_type.part, random)
        brand, models = BRANDS[catalogue.families.brand[family]], self._models[family]
        if product_type.part is not None:
            return part_page(machine, product_type.part, brand, models, random)
        rank, finish = int(catalogue.rank[row]), COLOURS[catalogue.colour[row]]
        style = rank % len(machine.styles)
        return machine_page(machine, brand, models[rank], finish, style, random)

    def _product_type(self, row: int) -> ProductType:
        return PRODUCT_TYPES[self._catalogue.product_type[row]]

    def _first_day(self, row: int) -> str:
        family = int(self._catalogue.family[row])
        launch = self._catalogue.families.launch[family] if family >= 0 else FIRST_DAY
        day = datetime.fromtimestamp(int(launch) / 1000, tz=UTC)
        return f"{day:%B} {day.day}, {day.year}"


def model_numbers(catalogue: Catalogue) -> list[list[str]]:
    """Model numbers of the machines of each family, by rank."""
    families = catalogue.families
    numbers: list[list[str]] = [[] for _ in range(len(families))]
    for row in np.flatnonzero(catalogue.kind == Kind.MACHINE):
        family = int(catalogue.family[row])
        code = MACHINES[families.machine[family]].code + BRANDS[families.brand[family]].code
        letter = _COLOUR_LETTERS[catalogue.colour[row]]
        series = 10 + (family * 37) % 90
        numbers[family].append(f"{code}-{series}{catalogue.rank[row]:02d}{letter}")
    return numbers


def _images(icon: str, colour: str) -> list[dict[str, str | None]]:
    url = picture(icon, colour)
    return [{"thumb": url, "large": url, "variant": "MAIN", "hi_res": None}]
