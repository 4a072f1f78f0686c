"""A small shop whose titles, links and pictures try to become markup, trained and published."""

from __future__ import annotations

import json
from urllib.parse import quote

import polars as pl

from recsys_lib import registry
from recsys_lib.blend import BlendWeights, LearnedBlend, write_blend_part
from recsys_lib.blend.sources import ALS, POPULAR, TEXT
from recsys_lib.columns import Products, Ratings
from recsys_lib.data.database import write_database
from recsys_lib.parameters import AlsParameters, EmbedParameters
from recsys_lib.paths import Dataset
from recsys_lib.search import build_search_part
from tests.support.taste_world import stored, world

OWNED = "document.title='owned'"
HOSTILE = [
    f"<script>{OWNED}</script> Water filter",
    f'<img src=x onerror="{OWNED}"> Dryer belt',
    "Endless " + "title " * 800,
    "\u202eright to left\u202c مصفاة مياه",
    "zero\u200bwidth\u2060 Oven knob",
    f'"><svg/onload={OWNED}> {{{{7*7}}}} Ice tray',
]
_KINDS = ["Water filter", "Dryer belt", "Oven knob"]
_SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'>"
    f"<script>{OWNED}</script><circle cx='4' cy='4' r='3' fill='teal'/></svg>"
)


def hostile_shop(root, name="shop") -> Dataset:
    """Make it below ``root``: 30 products of three kinds, 60 people."""
    dataset, taken = Dataset.find(name, root), world()
    (dataset.processed).mkdir(parents=True)
    dataset.raw.mkdir(parents=True)
    products, folder = _catalogue(), dataset.version("v1")
    write_database(dataset.database, _ratings(taken), lambda: products)
    parameters = AlsParameters(factors=4, iterations=5)
    stored(folder / "als", taken, parameters)
    build_search_part(products, EmbedParameters(max_tokens=16), folder / "search", "f")
    weights = BlendWeights(
        {ALS: (1.0, 0.2) * 3, TEXT: (0.4, 0.0) * 3, POPULAR: (0.1, 0.1) * 3}, {}, 1
    )
    learned = LearnedBlend(weights, "blend", {}, 60)
    write_blend_part(folder / "blend", learned, taken, parameters, data_fingerprint="f")
    registry.publish(dataset, "v1")
    return dataset


def _catalogue() -> pl.DataFrame:
    titles = [*HOSTILE, *(f"{_KINDS[n % 3]} number {n}" for n in range(len(HOSTILE), 30))]
    data = {name: [None] * 30 for name in Products.ALL} | {
        Products.ITEM: [f"i{n}" for n in range(30)],
        Products.TITLE: titles,
        Products.MAIN_CATEGORY: [_KINDS[n % 3] + "s" for n in range(30)],
        Products.PRICE: [5.0 + n for n in range(30)],
        Products.AVERAGE_RATING: [3.0 + n / 15 for n in range(30)],
        Products.RATING_NUMBER: [10 * n for n in range(30)],
        Products.STORE: [f"<b onclick={OWNED}>Acme</b>" if n < 6 else "Bolt" for n in range(30)],
        Products.IMAGES: [json.dumps([{"large": _picture(n)}]) for n in range(30)],
        Products.DETAILS: [json.dumps({"url": _link(n)}) for n in range(30)],
    }
    kinds = dict.fromkeys(Products.ALL, pl.String())
    kinds |= {Products.PRICE: pl.Float64(), Products.AVERAGE_RATING: pl.Float64()}
    return pl.DataFrame(data, schema=kinds | {Products.RATING_NUMBER: pl.Int64()})


def _picture(n: int) -> str:
    return f"javascript:{OWNED}" if n == 1 else f"data:image/svg+xml,{quote(_SVG)}"


def _link(n: int) -> str:
    return f"javascript:{OWNED}" if n < 3 else f"https://shop.example/{n}"


def _ratings(taken) -> pl.DataFrame:
    day = 86_400_000
    return pl.DataFrame(
        {
            Ratings.USER: taken.users.ids(taken.user),
            Ratings.ITEM: taken.items.ids(taken.item),
            Ratings.RATING: [3.0 + n % 3 for n in range(len(taken.user))],
            Ratings.TIMESTAMP: [1_600_000_000_000 + n * day for n in range(len(taken.user))],
            Ratings.VERIFIED: [1] * len(taken.user),
            Ratings.HELPFUL: [0] * len(taken.user),
        },
        schema_overrides={Ratings.TIMESTAMP: pl.Int64(), Ratings.RATING: pl.Float64()},
    )
