"""Reviews as text: rows of numbers to the columns of the real files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.data.sample.assortment import WARES
from recsys_lib.data.sample.kinds import NO_BRAND_COLOUR
from recsys_lib.data.sample.labels import asins, user_ids
from recsys_lib.data.sample.pictures import picture
from recsys_lib.data.sample.reviews import PARTS, PhraseBook

_VARIANTS = 4
"""Every fourth product is sold in this many variants, each with an ``asin`` of its own."""
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
    """Turns ledger rows into reviews.

    Parameters
    ----------
    book: the sentences.
    users: user ids by row number.
    asins: product ids by row number, those outside the catalogue after those in it; then the
        same again for each further variant.
    products: how many products there are, known and unknown.
    """

    book: PhraseBook
    users: pl.Series
    asins: pl.Series
    products: int

    @classmethod
    def make(
        cls, book: PhraseBook, users: int, products: int, rng: np.random.Generator
    ) -> Renderer:
        """Draw all ids."""
        return cls(book, user_ids(users, rng), asins(_VARIANTS * products, rng), products)

    def render(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The reviews of these rows of the ledger, in the schema of the real files."""
        text = {part: self.book.sentences.gather(rows[part]) for part in PARTS}
        product = rows["product"].to_numpy()
        variant = np.where(product % _VARIANTS == 0, rows["variant"].to_numpy().astype(np.int64), 0)
        return pl.DataFrame({**text, "html": rows["html"], "pictured": rows["pictured"]}).select(
            rating=rows["rating"].cast(pl.Float64),
            title=pl.col("title").fill_null(""),
            text=_joined(),
            images=_images(rows["ware"]),
            asin=self.asins.gather(variant * self.products + product),
            parent_asin=self.asins.gather(product),
            user_id=self.users.gather(rows["user"]),
            timestamp=rows["timestamp"],
            helpful_vote=rows["helpful"],
            verified_purchase=rows["verified"],
        )


def _joined() -> pl.Expr:
    """The sentences as one text; some reviewers' line breaks and quotes arrive as HTML."""
    plain, marked = (
        pl.concat_str(*PARTS[1:], separator=separator, ignore_nulls=True)
        for separator in (" ", "<br />")
    )
    return pl.when(pl.col("html")).then(marked.str.replace_all("'", "&#39;")).otherwise(plain)


def _images(ware: pl.Series) -> pl.Expr:
    """The list of a customer's pictures: one with a few reviews, none with the others."""
    url = pl.Series([picture(each.icon, NO_BRAND_COLOUR) for each in WARES]).gather(ware)
    sizes = [url.alias(f"{size}_image_url") for size in ("small", "medium", "large")]
    one = pl.concat_list(pl.struct(pl.lit("IMAGE").alias("attachment_type"), *sizes))
    none = pl.lit([], dtype=_IMAGES)
    return pl.when(pl.col("pictured")).then(one).otherwise(none)
