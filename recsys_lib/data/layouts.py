"""Layouts of input files: what files and fields are called, in published datasets and others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from recsys_lib.columns import Products, Ratings

Fields = Mapping[str, tuple[str, ...]]
"""Our column -> its possible names in a file; the first field that has a value wins."""

_AMAZON_RATINGS = (1.0, 5.0)

_NOT_IN_REVIEWS: Fields = dict.fromkeys(Ratings.OPTIONAL, ())
_REVIEWS_2023: Fields = {
    Ratings.USER: ("user_id",),
    Ratings.ITEM: ("parent_asin", "asin"),
    Ratings.RATING: ("rating",),
    Ratings.TIMESTAMP: ("timestamp",),
    Ratings.VERIFIED: ("verified_purchase",),
    Ratings.HELPFUL: ("helpful_vote",),
    **_NOT_IN_REVIEWS,
}
_REVIEWS_2018: Fields = {
    Ratings.USER: ("reviewerID",),
    Ratings.ITEM: ("asin",),
    Ratings.RATING: ("overall",),
    Ratings.TIMESTAMP: ("unixReviewTime",),
    Ratings.VERIFIED: ("verified",),
    Ratings.HELPFUL: ("vote",),
    **_NOT_IN_REVIEWS,
}
_MOVIE_RATINGS: Fields = {
    Ratings.USER: ("user_id", "userId"),
    Ratings.ITEM: ("item_id", "movieId"),
    Ratings.RATING: ("rating",),
    Ratings.TIMESTAMP: ("timestamp",),
    Ratings.VERIFIED: (),
    Ratings.HELPFUL: (),
    **_NOT_IN_REVIEWS,
}
_REVIEWS_OTHER: Fields = {
    Ratings.USER: ("user_id", "userId", "user"),
    Ratings.ITEM: ("item_id", "itemId", "parent_asin", "product_id", "productId", "asin", "item"),
    Ratings.RATING: ("rating", "stars"),
    Ratings.TIMESTAMP: ("timestamp", "time", "position"),
    Ratings.VERIFIED: ("verified_purchase",),
    Ratings.HELPFUL: ("helpful_vote",),
    Ratings.QUANTITY: ("quantity",),
    Ratings.EVENT: ("event", "event_type", "event_name", "action"),
}
_PRODUCTS: Fields = {
    Products.ITEM: (
        "parent_asin",
        "asin",
        "item_id",
        "itemId",
        "product_id",
        "productId",
        "movieId",
        "id",
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
    Products.UPDATED: ("updated_at", "date_modified", "modified_at", "last_modified"),
}
_REVIEW_FILES = (
    "reviews*",
    "*reviews*",
    "interactions*",
    "ratings*",
    "*rating*",
    "*review*",
    "*interactions*",
)
_PRODUCT_FILES = ("meta*", "*meta*", "products*", "items*", "*products*", "catalog*", "articles*")
TABLES = "tables"
# Usual names of exports, after those of published files.
_ORDER_FILES = (
    "*orders*",
    "*purchases*",
    "*transactions*",
    "*sales*",
    "*events*",
    "*clicks*",
    "*views*",
    "*bestell*",
    "*bewertung*",
    "*commandes*",
    "*pedidos*",
)
_CATALOGUE_FILES = (
    "*catalog*",
    "*articles*",
    "*artikel*",
    "*produkt*",
    "*produits*",
    "*produ[ck]to*",
)


@dataclass(frozen=True)
class Layout:
    """How a kind of dataset is laid out.

    Parameters
    ----------
    name: the value of the parameter ``etl.source``.
    reviews: names of the review fields.
    rating_range: lowest and highest rating where published data fix it; None leaves it to the
        values.
    review_files, product_files: patterns of file names; the first that matches a file wins.
    """

    name: str
    reviews: Fields
    rating_range: tuple[float, float] | None
    review_files: tuple[str, ...] = _REVIEW_FILES
    product_files: tuple[str, ...] = _PRODUCT_FILES

    @property
    def products(self) -> Fields:
        """Names of the product fields, the same in all layouts."""
        return _PRODUCTS


_ALL = (
    Layout("amazon2023", _REVIEWS_2023, _AMAZON_RATINGS),
    Layout("amazon2018", _REVIEWS_2018, _AMAZON_RATINGS),
    # All_Beauty.csv, or All_Beauty.train.csv with .valid.csv and .test.csv
    Layout("amazon2023-csv", _REVIEWS_2023, _AMAZON_RATINGS, review_files=("[A-Z]*.csv*",)),
    Layout(
        "movielens",
        _MOVIE_RATINGS,
        None,  # MovieLens rates from 0.5 to 5, and others in this layout from 1 to 10
        review_files=("u.data*", "ratings.dat*", "ratings.csv*", "*.inter*"),
        product_files=("u.item*", "movies.dat*", "movies.csv*", "*.item*"),
    ),
    Layout(
        TABLES,
        _REVIEWS_OTHER,
        None,
        review_files=_REVIEW_FILES + _ORDER_FILES,
        product_files=_PRODUCT_FILES + _CATALOGUE_FILES,
    ),
)
LAYOUTS = {layout.name: layout for layout in _ALL}
ANY_REVIEW_FILES = tuple(dict.fromkeys(name for layout in _ALL for name in layout.review_files))
ANY_PRODUCT_FILES = tuple(dict.fromkeys(name for layout in _ALL for name in layout.product_files))


def recognize(file: str, fields: Collection[str]) -> Layout:
    """The layout of a review file with this name and these fields; ``tables`` when unknown."""
    present = set(fields)
    if {"reviewerID", "asin"} <= present:
        return LAYOUTS["amazon2018"]
    if {"user_id", "rating"} <= present and {"parent_asin", "asin"} & present:
        return LAYOUTS["amazon2023-csv" if ".csv" in file else "amazon2023"]
    published = file.startswith(("u.data", "ratings.dat")) or ".inter" in file
    if {"userId", "movieId"} <= present or (published and "item_id" in present):
        return LAYOUTS["movielens"]
    return LAYOUTS[TABLES]
