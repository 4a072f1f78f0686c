"""Reviews as numbers: user, product, time, stars, and the sentences of the text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.data.sample.assortment import MACHINES, PRODUCT_TYPES
from recsys_lib.data.sample.catalogue import Catalogue
from recsys_lib.data.sample.phrases import (
    ASPECTS,
    CLOSERS,
    FOREIGN,
    OPENERS,
    STORIES,
    TITLES,
    Sentiments,
)
from recsys_lib.data.sample.purchases import Purchases

PARTS = ("title", "opener", "aspect", "story", "closer")
"""Columns with the number of a sentence."""
_CHANCES = {"title": 0.997, "opener": 0.85, "aspect": 0.8, "story": 0.45, "closer": 0.4}
_FOREIGN_SHARE = 0.03
_VERIFIED_SHARE = 0.93
_HAPPY, _UNHAPPY = (0.82, 0.18), (0.55, 0.18, 0.27)
"""Chances of 5 and 4 stars from happy users, and of 1, 2 and 3 stars from unhappy ones."""


@dataclass(frozen=True)
class PhraseBook:
    """All sentences of reviews; number 0 is no sentence.

    Parameters
    ----------
    sentences: the texts.
    starts: column -> its first sentence; sentences are in the order of product types, then
        sentiments.
    counts: column -> number of sentences for one product type and sentiment.
    """

    sentences: pl.Series
    starts: dict[str, int]
    counts: dict[str, int]

    @classmethod
    def from_templates(cls) -> PhraseBook:
        """Fill every template for every product type."""
        sentences: list[str | None] = [None]
        starts: dict[str, int] = {}
        counts: dict[str, int] = {}
        for part in PARTS:
            starts[part], counts[part] = len(sentences), len(_sentiments(part, 0)[0])
            for product_type in range(len(PRODUCT_TYPES)):
                sentences += _filled(part, product_type)
        starts["foreign"], counts["foreign"] = len(sentences), len(FOREIGN[0])
        for column in (0, 1):
            for pairs in FOREIGN:
                sentences += [pair[column] for pair in pairs]
        return cls(pl.Series(sentences), starts, counts)

    def pick(
        self, part: str, product_type: np.ndarray, sentiment: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Sentence numbers of one column, for these product types and sentiments (0, 1, 2)."""
        variant = rng.integers(self.counts[part], size=len(product_type))
        number = self.starts[part] + (product_type * 3 + sentiment) * self.counts[part] + variant
        return np.where(rng.random(len(product_type)) < _CHANCES[part], number, 0)

    def foreign(
        self, sentiment: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of a title and a text in the same language, not English."""
        count = self.counts["foreign"]
        variant = rng.integers(count, size=len(sentiment))
        title = self.starts["foreign"] + sentiment * count + variant
        return title, title + 3 * count


def _sentiments(part: str, product_type: int) -> Sentiments:
    tables = {"title": TITLES, "opener": OPENERS, "story": STORIES, "closer": CLOSERS}
    return ASPECTS[PRODUCT_TYPES[product_type].kind] if part == "aspect" else tables[part]


def _filled(part: str, product_type: int) -> list[str]:
    named = PRODUCT_TYPES[product_type]
    words = {"it": named.spoken_name, "machine": MACHINES[named.machine].spoken_name}
    sentiments = _sentiments(part, product_type)
    return [text.format(**words) for texts in sentiments for text in texts]


def make_reviews(
    catalogue: Catalogue, purchases: Purchases, book: PhraseBook, rng: np.random.Generator
) -> pl.DataFrame:
    """One row per purchase: its facts, and the numbers of its sentences."""
    rating = _ratings(catalogue, purchases, rng)
    count = len(rating)
    review_rows = pl.DataFrame(
        {
            "user": purchases.user.astype(np.int32),
            "product": purchases.product.astype(np.int32),
            "product_type": catalogue.product_type[purchases.product].astype(np.int32),
            "timestamp": purchases.timestamp,
            "variant": rng.integers(4, size=count).astype(np.int8),
            "rating": rating.astype(np.int8),
            "helpful": np.minimum(rng.pareto(1.3, count) * 0.45, 900).astype(np.int32),
            "verified": rng.random(count) < _VERIFIED_SHARE,
            "pictured": rng.random(count) < 0.02,
            "html": rng.random(count) < 0.03,
        }
    )
    product_type = catalogue.product_type[purchases.product]
    return review_rows.with_columns(write_texts(product_type, rating, book, rng))


def write_texts(
    product_type: np.ndarray, rating: np.ndarray, book: PhraseBook, rng: np.random.Generator
) -> list[pl.Series]:
    """Sentence numbers, one column for each of ``PARTS``, that go with these ratings."""
    sentiment = np.digitize(rating, (2.5, 3.5))
    columns = {part: book.pick(part, product_type, sentiment, rng) for part in PARTS}
    silent = np.flatnonzero(sum(columns[part] for part in PARTS[1:]) == 0)
    columns["closer"][silent] = (
        book.starts["closer"] + 3 * product_type[silent] * book.counts["closer"]
    )
    columns["closer"][silent] += sentiment[silent] * book.counts["closer"]
    abroad = np.flatnonzero(rng.random(len(product_type)) < _FOREIGN_SHARE)
    for part in PARTS:
        columns[part][abroad] = 0
    columns["title"][abroad], columns["opener"][abroad] = book.foreign(sentiment[abroad], rng)
    return [pl.Series(part, column.astype(np.int32)) for part, column in columns.items()]


def _ratings(catalogue: Catalogue, purchases: Purchases, rng: np.random.Generator) -> np.ndarray:
    """Stars 1 to 5: mostly 5, fewer for bad products, severe users and stray purchases."""
    severity = rng.normal(0.0, 0.7, int(purchases.user.max()) + 1)
    sentiment = 1.45 + catalogue.quality[purchases.product] - severity[purchases.user]
    sentiment -= 0.8 * purchases.stray
    happy = rng.random(len(sentiment)) < 1.0 / (1.0 + np.exp(-sentiment))
    stars = 5 - np.searchsorted(np.cumsum(_HAPPY)[:-1], rng.random(len(sentiment)))
    bad = 1 + np.searchsorted(np.cumsum(_UNHAPPY)[:-1], rng.random(len(sentiment)))
    return np.where(happy, stars, bad)
