"""Reviews in the schema of the real files: numbers become ids, sentences and pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.data.sample.assortment import PRODUCT_TYPES
from recsys_lib.data.sample.pictures import picture
from recsys_lib.data.sample.product_types import NO_BRAND_COLOUR
from recsys_lib.data.sample.reviews import PARTS, PhraseBook

_BASE_32 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", dtype=np.uint8)
_BASE_36 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)
_ASINS = 36**8
_STEP = 1_000_003_957_451
"""Coprime to 36, so its multiples modulo 36**8 do not repeat."""
_VARIANTS = 4
"""One product in four is sold in this many variants, each with its own ``asin``."""
_IMAGES = pl.List(
    pl.Struct(
        {
            "attachment_type": pl.String,
            "small_image_url": pl.String,
            "medium_image_url": pl.String,
            "large_image_url": pl.String,
        }
    )
)


@dataclass(frozen=True)
class Renderer:
    """Turns rows of numbers into reviews.

    Parameters
    ----------
    book: the sentences.
    users: user ids by row.
    asins: product ids by row, those in the catalogue first, then unknown ones; then the same again
        for each further variant.
    products: number of products, known and unknown.
    """

    book: PhraseBook
    users: pl.Series
    asins: pl.Series
    products: int

    @classmethod
    def from_counts(
        cls, book: PhraseBook, users: int, products: int, rng: np.random.Generator
    ) -> Renderer:
        """Draw the ids of so many users and products."""
        return cls(book, user_ids(users, rng), asins(_VARIANTS * products, rng), products)

    def render(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The reviews of these rows, in the schema of the real files."""
        text = {part: self.book.sentences.gather(rows[part]) for part in PARTS}
        product = rows["product"].to_numpy()
        variant = np.where(product % _VARIANTS == 0, rows["variant"].to_numpy().astype(np.int64), 0)
        return pl.DataFrame({**text, "html": rows["html"], "pictured": rows["pictured"]}).select(
            rating=rows["rating"].cast(pl.Float64),
            title=pl.col("title").fill_null(""),
            text=_joined(),
            images=_images(rows["product_type"]),
            asin=self.asins.gather(variant * self.products + product),
            parent_asin=self.asins.gather(product),
            user_id=self.users.gather(rows["user"]),
            timestamp=rows["timestamp"],
            helpful_vote=rows["helpful"],
            verified_purchase=rows["verified"],
        )


def user_ids(count: int, rng: np.random.Generator) -> pl.Series:
    """Random ids like ``AE...``, 28 characters; with 130 random bits, none occurs twice."""
    letters = np.empty((count, 28), dtype=np.uint8)
    letters[:, 0] = ord("A")
    letters[:, 1] = _BASE_32[rng.integers(4, 8, size=count)]
    letters[:, 2:] = _BASE_32[rng.integers(32, size=(count, 26), dtype=np.uint8)]
    return _strings(letters)


def asins(count: int, rng: np.random.Generator) -> pl.Series:
    """Distinct ids like ``B0...``, 10 characters."""
    number = np.arange(count, dtype=np.int64) % _ASINS
    code = (number * (_STEP % _ASINS) + int(rng.integers(_ASINS))) % _ASINS
    letters = np.empty((count, 10), dtype=np.uint8)
    letters[:, 0], letters[:, 1] = ord("B"), ord("0")
    for place in range(9, 1, -1):
        code, digit = np.divmod(code, 36)
        letters[:, place] = _BASE_36[digit]
    return _strings(letters)


def _strings(letters: np.ndarray) -> pl.Series:
    width = letters.shape[1]
    packed = np.ascontiguousarray(letters).view(f"S{width}").ravel()
    return pl.Series(packed.tolist(), dtype=pl.Binary).cast(pl.String)


def _joined() -> pl.Expr:
    """The sentences as one text; some reviews have line breaks and quotes in HTML."""
    plain, marked = (
        pl.concat_str(*PARTS[1:], separator=separator, ignore_nulls=True)
        for separator in (" ", "<br />")
    )
    return pl.when(pl.col("html")).then(marked.str.replace_all("'", "&#39;")).otherwise(plain)


def _images(product_type: pl.Series) -> pl.Expr:
    """Lists of customer pictures: one picture in a few reviews, none in the others."""
    urls = pl.Series([picture(each.icon, NO_BRAND_COLOUR) for each in PRODUCT_TYPES])
    url = urls.gather(product_type)
    sizes = [url.alias(f"{size}_image_url") for size in ("small", "medium", "large")]
    one = pl.concat_list(pl.struct(pl.lit("IMAGE").alias("attachment_type"), *sizes))
    none = pl.lit([], dtype=_IMAGES)
    return pl.when(pl.col("pictured")).then(one).otherwise(none)
