"""Dirt in the sample, on purpose and in known amounts."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from recsys_lib.data.sample.assortment import LAST_DAY
from recsys_lib.data.sample.reviews import PhraseBook, write_texts

_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Dirt:
    """Number of review lines that are repeated, outdated, broken, or of unknown products.

    Without ``duplicates``, ``superseded`` and ``broken`` there is one line per (user, product).

    Parameters
    ----------
    duplicates: exact copies of another line.
    superseded: lines whose user reviewed the product again later.
    broken: lines that are not valid reviews.
    unknown: reviews of products without metadata.
    """

    duplicates: int
    superseded: int
    broken: int
    unknown: int

    @classmethod
    def for_reviews(cls, reviews: int) -> Dirt:
        """The amounts in a file of ``reviews`` lines."""
        return cls(
            duplicates=round(0.01 * reviews),
            superseded=max(3, round(0.003 * reviews)),
            broken=max(len(_BREAKERS), round(0.0005 * reviews)),
            unknown=max(3, round(0.003 * reviews)),
        )

    def clean(self, reviews: int) -> int:
        """Number of distinct (user, product) pairs in a file of ``reviews`` lines."""
        return reviews - self.duplicates - self.superseded - self.broken


def move_to_unknown(
    review_rows: pl.DataFrame, products: int, count: int, rng: np.random.Generator
) -> pl.DataFrame:
    """Move ``count`` reviews to products outside the catalogue, at most one per user."""
    product, user = review_rows["product"].to_numpy().copy(), review_rows["user"].to_numpy()
    shuffled = rng.permutation(len(product))
    _, first = np.unique(product[shuffled], return_index=True)
    spare = np.delete(shuffled, first)  # every product keeps a review
    _, first = np.unique(user[spare], return_index=True)
    chosen = spare[np.sort(first)[:count]]
    product[chosen] = products + rng.integers(max(1, count // 3), size=len(chosen))
    return review_rows.with_columns(pl.Series("product", product))


def add_repeats(
    review_rows: pl.DataFrame, dirt: Dirt, book: PhraseBook, rng: np.random.Generator
) -> pl.DataFrame:
    """Add later reviews of the same products and exact copies, and shuffle the lines."""
    again = review_rows[np.sort(rng.choice(len(review_rows), dirt.superseded, replace=False))]
    rating = rng.integers(1, 6, size=len(again))
    time = again["timestamp"].to_numpy()
    left = (rng.uniform(0.2, 1.0, len(again)) * (LAST_DAY - time)).astype(np.int64)
    texts = write_texts(again["product_type"].to_numpy(), rating, book, rng)
    again = again.with_columns(
        pl.Series("rating", rating.astype(np.int8)),
        pl.Series("timestamp", time + left + _DAY_MS),
        *texts,
    )
    copies = review_rows[np.sort(rng.choice(len(review_rows), dirt.duplicates, replace=False))]
    lines = pl.concat([review_rows, again, copies])
    return lines[rng.permutation(len(lines))]


def break_lines(lines: list[bytes]) -> list[bytes]:
    """Damage each line, in another way than the line before."""
    return [_BREAKERS[i % len(_BREAKERS)](line) for i, line in enumerate(lines)]


def _with(line: bytes, **fields: Any) -> bytes:
    return json.dumps(json.loads(line) | fields, ensure_ascii=False).encode()


def _without_user(line: bytes) -> bytes:
    review = json.loads(line)
    del review["user_id"]
    return json.dumps(review, ensure_ascii=False).encode()


_BREAKERS: tuple[Callable[[bytes], bytes], ...] = (
    lambda line: line[: len(line) // 2],
    lambda line: b"<html><body>503 Service Temporarily Unavailable</body></html>",
    _without_user,
    lambda line: _with(line, rating=0.0),
    lambda line: _with(line, rating=9.0),
    lambda line: line.replace(b'"text":"', b'"text":"\x00\x00\x00', 1),
    lambda line: line.replace(b'"text":"', b'"text":"\xff\xfe\xe9', 1),
)

_FLAWS: tuple[tuple[float, Callable[[dict[str, Any]], dict[str, Any]]], ...] = (
    (0.002, lambda listing: {"title": None}),
    (0.002, lambda listing: {"title": ""}),
    (0.010, lambda listing: {"title": html.escape(f'{listing["title"]} & Manual, 1/4" Fittings')}),
    (0.015, lambda listing: {"description": _marked_up(listing["description"])}),
    (0.005, lambda listing: {"price": f"${listing['price'] or 1234.56:,.2f}"}),
    (0.003, lambda listing: {"price": "—"}),
)
"""Share of the products (at least one product), and what is changed in them."""


def choose_flaws(products: int, rng: np.random.Generator) -> np.ndarray:
    """Flaw of each product, 0 (none) for most; shape (products,)."""
    flaw = np.zeros(products, dtype=np.int64)
    order, at = rng.permutation(products), 0
    for number, (share, _) in enumerate(_FLAWS, start=1):
        count = max(1, round(share * products))
        flaw[order[at : at + count]] = number
        at += count
    return flaw


def add_flaw(listing: dict[str, Any], flaw: int) -> dict[str, Any]:
    """The listing with a flaw; 0 leaves it unchanged."""
    return listing | _FLAWS[flaw - 1][1](listing) if flaw else listing


def _marked_up(paragraphs: list[str]) -> list[str]:
    text = "<br />".join(["<b>Don&#39;t miss it</b>", *paragraphs, "Parts &amp; labor included."])
    return [f"<p>{text}</p>"]
