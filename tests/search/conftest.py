"""The packaged model, loaded once, and a catalogue whose neighbours anybody can name."""

import json

import polars as pl
import pytest

from recsys_lib.columns import Products
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import build_search_part, text_encoder

ROWS = [
    ("A1", "Front load washing machine", "https://shop.example/a1.jpg"),
    ("A2", "Compact laundry washer for small flats", None),
    ("B1", "Refrigerator water filter cartridge", "https://shop.example/b1.jpg"),
    ("B2", "Replacement water filter for fridge", None),
    ("C1", "Espresso coffee maker", None),
    ("X1", None, None),
]


def make_catalogue(rows):
    data = {column: [None] * len(rows) for column in Products.ALL}
    data[Products.ITEM] = [row[0] for row in rows]
    data[Products.TITLE] = [row[1] for row in rows]
    data[Products.IMAGES] = [json.dumps([{"large": row[2]}]) for row in rows]
    return pl.DataFrame(data, schema=dict.fromkeys(Products.ALL, pl.String))


@pytest.fixture
def catalogue():
    return make_catalogue


@pytest.fixture(scope="session")
def products():
    return make_catalogue(ROWS)


@pytest.fixture(scope="session")
def encoder():
    return text_encoder(EmbedParameters(precision="float32"))


@pytest.fixture(scope="session")
def built(products, tmp_path_factory):
    folder = tmp_path_factory.mktemp("version") / "search"
    metrics = build_search_part(products, EmbedParameters(precision="float32"), folder, "data-1")
    return folder, metrics
