"""Reviews as numbers: who, what, when, how many stars, and which sentences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.data.sample.assortment import MACHINES, WARES
from recsys_lib.data.sample.catalogue import Catalogue
from recsys_lib.data.sample.phrases import (
    ASPECTS,
    CLOSERS,
    FOREIGN,
    OPENERS,
    STORIES,
    TITLES,
    Moods,
)
from recsys_lib.data.sample.purchases import Purchases

PARTS = ("title", "opener", "aspect", "story", "closer")
"""Columns of the ledger that hold the number of a sentence."""
_CHANCES = {"title": 0.997, "opener": 0.85, "aspect": 0.8, "story": 0.45, "closer": 0.4}
_FOREIGN_SHARE = 0.03
_VERIFIED_SHARE = 0.93
_HAPPY, _UNHAPPY = (0.82, 0.18), (0.55, 0.18, 0.27)
"""Chances of 5 and 4 stars when it pleased, and of 1, 2 and 3 stars when it did not."""


@dataclass(frozen=True)
class PhraseBook:
    """All sentences a review can be made of; number 0 is no sentence.

    Parameters
    ----------
    sentences: the texts.
    starts: column -> first sentence, then ware by ware, mood by mood; ``counts`` of each.
    """

    sentences: pl.Series
    starts: dict[str, int]
    counts: dict[str, int]

    @classmethod
    def compile(cls) -> PhraseBook:
        """Fill every template with every ware."""
        sentences: list[str | None] = [None]
        starts: dict[str, int] = {}
        counts: dict[str, int] = {}
        for part in PARTS:
            starts[part], counts[part] = len(sentences), len(_moods(part, 0)[0])
            sentences += [text for ware in range(len(WARES)) for text in _filled(part, ware)]
        starts["foreign"], counts["foreign"] = len(sentences), len(FOREIGN[0])
        sentences += [
            text for column in (0, 1) for mood in FOREIGN for text in _column(mood, column)
        ]
        return cls(pl.Series(sentences), starts, counts)

    def pick(
        self, part: str, ware: np.ndarray, mood: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Sentence numbers of one column for reviews of these wares in these moods (0, 1, 2)."""
        variant = rng.integers(self.counts[part], size=len(ware))
        number = self.starts[part] + (ware * 3 + mood) * self.counts[part] + variant
        return np.where(rng.random(len(ware)) < _CHANCES[part], number, 0)

    def foreign(self, mood: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of a title and a text in one language other than English."""
        count = self.counts["foreign"]
        title = self.starts["foreign"] + mood * count + rng.integers(count, size=len(mood))
        return title, title + 3 * count


def _column(pairs: tuple[tuple[str, str], ...], column: int) -> list[str]:
    return [pair[column] for pair in pairs]


def _moods(part: str, ware: int) -> Moods:
    tables = {"title": TITLES, "opener": OPENERS, "story": STORIES, "closer": CLOSERS}
    return ASPECTS[WARES[ware].kind] if part == "aspect" else tables[part]


def _filled(part: str, ware: int) -> list[str]:
    words = {"it": WARES[ware].said, "machine": MACHINES[WARES[ware].machine].said}
    return [text.format(**words) for mood in _moods(part, ware) for text in mood]


def make_reviews(
    catalogue: Catalogue, purchases: Purchases, book: PhraseBook, rng: np.random.Generator
) -> pl.DataFrame:
    """The ledger: one row per purchase, its facts and the numbers of its sentences."""
    rating = _ratings(catalogue, purchases, rng)
    count = len(rating)
    ledger = pl.DataFrame(
        {
            "user": purchases.user.astype(np.int32),
            "product": purchases.product.astype(np.int32),
            "ware": catalogue.ware[purchases.product].astype(np.int32),
            "timestamp": purchases.timestamp,
            "variant": rng.integers(4, size=count).astype(np.int8),
            "rating": rating.astype(np.int8),
            "helpful": np.minimum(rng.pareto(1.3, count) * 0.45, 900).astype(np.int32),
            "verified": rng.random(count) < _VERIFIED_SHARE,
            "pictured": rng.random(count) < 0.02,
            "html": rng.random(count) < 0.03,
        }
    )
    return ledger.with_columns(write_texts(catalogue.ware[purchases.product], rating, book, rng))


def write_texts(
    ware: np.ndarray, rating: np.ndarray, book: PhraseBook, rng: np.random.Generator
) -> list[pl.Series]:
    """Sentence numbers, one column for each of ``PARTS``, that go with these ratings."""
    mood = np.digitize(rating, (2.5, 3.5))
    columns = {part: book.pick(part, ware, mood, rng) for part in PARTS}
    silent = np.flatnonzero(sum(columns[part] for part in PARTS[1:]) == 0)
    columns["closer"][silent] = book.starts["closer"] + 3 * ware[silent] * book.counts["closer"]
    columns["closer"][silent] += mood[silent] * book.counts["closer"]
    abroad = np.flatnonzero(rng.random(len(ware)) < _FOREIGN_SHARE)
    for part in PARTS:
        columns[part][abroad] = 0
    columns["title"][abroad], columns["opener"][abroad] = book.foreign(mood[abroad], rng)
    return [pl.Series(part, column.astype(np.int32)) for part, column in columns.items()]


def _ratings(catalogue: Catalogue, purchases: Purchases, rng: np.random.Generator) -> np.ndarray:
    """Stars 1 to 5: mostly 5, fewer for bad products, severe users and stray purchases."""
    severity = rng.normal(0.0, 0.7, int(purchases.user.max()) + 1)
    mood = 1.45 + catalogue.quality[purchases.product] - severity[purchases.user]
    mood -= 0.8 * purchases.stray
    happy = rng.random(len(mood)) < 1.0 / (1.0 + np.exp(-mood))
    stars = 5 - np.searchsorted(np.cumsum(_HAPPY)[:-1], rng.random(len(mood)))
    bad = 1 + np.searchsorted(np.cumsum(_UNHAPPY)[:-1], rng.random(len(mood)))
    return np.where(happy, stars, bad)
