"""Published datasets and tables of one's own: what their files and fields are called."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from recsys_lib.columns import Products, Ratings

Fields = Mapping[str, tuple[str, ...]]
"""Our column -> its possible names in a file; the first one that has a value wins."""

_AMAZON_RATINGS = (1.0, 5.0)
_MOVIELENS_RATINGS = (0.5, 5.0)

_REVIEWS_2023: Fields = {
    Ratings.USER: ("user_id",),
    Ratings.ITEM: ("parent_asin", "asin"),
    Ratings.RATING: ("rating",),
    Ratings.TIMESTAMP: ("timestamp",),
    Ratings.VERIFIED: ("verified_purchase",),
    Ratings.HELPFUL: ("helpful_vote",),
}
_REVIEWS_2018: Fields = {
    Ratings.USER: ("reviewerID",),
    Ratings.ITEM: ("asin",),
    Ratings.RATING: ("overall",),
    Ratings.TIMESTAMP: ("unixReviewTime",),
    Ratings.VERIFIED: ("verified",),
    Ratings.HELPFUL: ("vote",),
}
_MOVIE_RATINGS: Fields = {
    Ratings.USER: ("user_id", "userId"),
    Ratings.ITEM: ("item_id", "movieId"),
    Ratings.RATING: ("rating",),
    Ratings.TIMESTAMP: ("timestamp",),
    Ratings.VERIFIED: (),
    Ratings.HELPFUL: (),
}
_REVIEWS_OTHER: Fields = {
    Ratings.USER: ("user_id", "userId", "user"),
    Ratings.ITEM: ("item_id", "itemId", "parent_asin", "product_id", "productId", "asin", "item"),
    Ratings.RATING: ("rating", "stars"),
    Ratings.TIMESTAMP: ("timestamp", "time", "position"),
    Ratings.VERIFIED: ("verified_purchase",),
    Ratings.HELPFUL: ("helpful_vote",),
}
_PRODUCTS: Fields = {
    Products.ITEM: (
        *("parent_asin", "asin", "item_id", "itemId", "product_id", "productId", "movieId", "id"),
    ),
    Products.TITLE: ("title", "name", "movie_title"),
    Products.MAIN_CATEGORY: ("main_category", "main_cat"),
    Products.AVERAGE_RATING: ("average_rating",),
    Products.RATING_NUMBER: ("rating_number",),
    Products.PRICE: ("price",),
    Products.STORE: ("store", "brand"),
    Products.FEATURES: ("features", "feature"),
    Products.DESCRIPTION: ("description",),
    Products.IMAGES: ("images", "imageURLHighRes", "imageURL", "image"),
    Products.CATEGORIES: ("categories", "category", "genres", "class"),
    Products.DETAILS: ("details",),
}
_REVIEW_FILES = ("reviews*", "*reviews*", "interactions*", "ratings*")
_PRODUCT_FILES = ("meta*", "*meta*", "products*", "items*")


@dataclass(frozen=True)
class Preset:
    """How a kind of dataset is laid out.

    Parameters
    ----------
    name: the value of the parameter ``etl.source``.
    reviews, products: names of the fields.
    rating_range: None where the scale is the user's own: any positive rating is good then.
    review_files, product_files: patterns of file names; the first that finds something wins.
    """

    name: str
    reviews: Fields
    rating_range: tuple[float, float] | None
    review_files: tuple[str, ...] = _REVIEW_FILES
    product_files: tuple[str, ...] = _PRODUCT_FILES

    @property
    def products(self) -> Fields:
        """The names of product fields are the same everywhere."""
        return _PRODUCTS


_ALL = (
    Preset("amazon2023", _REVIEWS_2023, _AMAZON_RATINGS),
    Preset("amazon2018", _REVIEWS_2018, _AMAZON_RATINGS),
    # All_Beauty.csv, or All_Beauty.train.csv with .valid.csv and .test.csv
    Preset("amazon2023-csv", _REVIEWS_2023, _AMAZON_RATINGS, review_files=("[A-Z]*.csv*",)),
    Preset(
        "movielens",
        _MOVIE_RATINGS,
        _MOVIELENS_RATINGS,
        review_files=("u.data*", "ratings.dat*", "ratings.csv*", "*.inter*"),
        product_files=("u.item*", "movies.dat*", "movies.csv*", "*.item*"),
    ),
    Preset("tables", _REVIEWS_OTHER, None),
)
PRESETS = {preset.name: preset for preset in _ALL}
ANY_REVIEW_FILES = tuple(dict.fromkeys(name for preset in _ALL for name in preset.review_files))
ANY_PRODUCT_FILES = tuple(dict.fromkeys(name for preset in _ALL for name in preset.product_files))


def recognize(file: str, fields: Collection[str]) -> Preset:
    """The preset of a file of ratings with this name and these fields; ``tables`` is the rest."""
    present = set(fields)
    if {"reviewerID", "asin"} <= present:
        return PRESETS["amazon2018"]
    if {"user_id", "rating"} <= present and {"parent_asin", "asin"} & present:
        return PRESETS["amazon2023-csv" if ".csv" in file else "amazon2023"]
    published = file.startswith(("u.data", "ratings.dat")) or ".inter" in file
    if {"userId", "movieId"} <= present or (published and "item_id" in present):
        return PRESETS["movielens"]
    return PRESETS["tables"]
