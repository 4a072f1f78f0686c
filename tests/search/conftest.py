"""The packaged model, loaded once, and a catalogue whose neighbours anybody can name."""

import json

import polars as pl
import pytest

from recsys_lib.columns import Products
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import ProductSearch, build_search_part, text_encoder

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


@pytest.fixture(scope="session")
def catalogue():
    return make_catalogue


@pytest.fixture(scope="session")
def products():
    return make_catalogue(ROWS)


@pytest.fixture(scope="session")
def encoder():
    return text_encoder(EmbedParameters(precision="float32"))


@pytest.fixture(scope="session")
def int8():
    return text_encoder(EmbedParameters(precision="int8"))


@pytest.fixture(scope="session")
def build(encoder, tmp_path_factory):
    """Build a search part of a catalogue with the one encoder; returns its folder and metrics."""

    def build(products, fingerprint="x"):
        folder = tmp_path_factory.mktemp("version") / "search"
        parameters = EmbedParameters(precision="float32")
        return folder, build_search_part(products, parameters, folder, fingerprint, encoder=encoder)

    return build


@pytest.fixture(scope="session")
def opened(encoder):
    """Open a search part with the one encoder, which takes seconds to load."""

    def opened(folder):
        search = ProductSearch.load(folder)
        search._encoder = encoder
        return search

    return opened


@pytest.fixture(scope="session")
def built(products, build):
    return build(products, "data-1")


@pytest.fixture(scope="session")
def blank(build):
    """Three products without a title that can be read; their texts are features."""
    frame = make_catalogue([("N1", None, None), ("N2", "  ", None), ("N3", "", None)])
    features = [json.dumps([text]) for text in ("red cup with a handle", "blue plate", "fork")]
    return build(frame.with_columns(pl.Series(Products.FEATURES, features)))[0]
