"""A small shop with variants, categories, prices and stock, and no ratings in its catalogue."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import lru_cache

import numpy as np
import polars as pl

from recsys_lib import Recommender
from recsys_lib.blend import BlendWeights, LearnedBlend, write_blend_part
from recsys_lib.blend.sources import ALS, POPULAR, TEXT
from recsys_lib.columns import Products
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters, EmbedParameters
from recsys_lib.paths import Dataset
from recsys_lib.search import build_search_part, text_encoder
from tests.support.taste_world import stored, world

_NAMES = ("als", "blend")
SHIRT, MUG, PAN = "Clothing", "Mugs", "Kitchen"
_ANIMALS = ["cat", "dog", "fox", "owl", "bear", "hare", "wolf", "frog", "goat", "crow"]
_PANS = ["iron", "copper", "steel", "wok", "grill", "crepe", "deep", "sauce", "paella", "egg"]
COLD = ["c0", "c1"]
"""Products that nobody has taken: one more size of the shirt, and one more mug."""


def interactions() -> Interactions:
    """Ratings are 1 to 5, lower for items of higher number; the last item was never liked."""
    plain = world()
    return replace(plain, rating=(5 - plain.item / 8).astype(np.float32))


def catalogue() -> pl.DataFrame:
    """Ten sizes of one shirt (i0, i3, ...), ten mugs (i1, ...), ten pans (i2, ...), two cold."""
    rows = []
    for n in range(30):
        place, kind = divmod(n, 3)
        title = (
            f"Oxford shirt, size {36 + place}",
            f"Coffee mug with a {_ANIMALS[place]}",
            f"Frying pan, {_PANS[place]} style",
        )[kind]
        details = {"availability": "in stock" if place % 2 else "sold out"}
        rows.append((f"i{n}", title, (SHIRT, MUG, PAN)[kind], float(n), details))
    rows += [("c0", "Oxford shirt, size 50", SHIRT, 50.0, {}), ("c1", "Tea mug", MUG, 51.0, {})]
    data = {name: [None] * len(rows) for name in Products.ALL} | {
        Products.ITEM: [row[0] for row in rows],
        Products.TITLE: [row[1] for row in rows],
        Products.MAIN_CATEGORY: [row[2] for row in rows],
        Products.PRICE: [row[3] for row in rows],
        Products.DETAILS: [json.dumps(row[4]) for row in rows],
        Products.STORE: ["Bolt" if row[2] == PAN else "Acme" for row in rows],
    }
    kinds = dict.fromkeys(Products.ALL, pl.String())
    kinds |= {Products.PRICE: pl.Float64(), Products.AVERAGE_RATING: pl.Float64()}
    return pl.DataFrame(data, schema=kinds | {Products.RATING_NUMBER: pl.Int64()})


def open_boutiques(root) -> dict[str, Recommender]:
    """Train and open it, below ``root``: by matrix factorization alone, and by a blend."""
    dataset, taken = Dataset("boutique", root, root), interactions()
    parameters = AlsParameters(factors=4, iterations=5)
    plain, blended = dataset.version("als"), dataset.version("blend")
    stored(plain / "als", taken, parameters)
    embed = EmbedParameters(max_tokens=16)
    encoder = text_encoder(embed)
    build_search_part(catalogue(), embed, plain / "search", "f", encoder=encoder)
    shutil.copytree(plain, blended)
    weights = BlendWeights(
        {ALS: (1.0, 0.2) * 3, TEXT: (0.4, 0.0) * 3, POPULAR: (0.1, 0.1) * 3}, {}, 1
    )
    learned = LearnedBlend(weights, "blend", {}, 60)
    write_blend_part(blended / "blend", learned, taken, parameters, data_fingerprint="f")
    encoder.encode_query = lru_cache(encoder.encode_query)  # tests ask the same again and again
    found = {name: Recommender.load(dataset.version(name), dataset=dataset) for name in _NAMES}
    for recommender in found.values():
        recommender.product_search._encoder = encoder
    return found
