"""From the dataset parameter to files and fields: what to read, and what it is called there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.records import first_fields
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

Fields = Mapping[str, tuple[str, ...]]
"""Our column -> its possible names in a file; the first one that has a value wins."""

AMAZON_RATINGS = (1.0, 5.0)

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
_REVIEWS_OTHER: Fields = {
    Ratings.USER: ("user_id", "userId", "user"),
    Ratings.ITEM: ("item_id", "itemId", "parent_asin", "product_id", "productId", "asin", "item"),
    Ratings.RATING: ("rating", "stars"),
    Ratings.TIMESTAMP: ("timestamp", "time", "position"),
    Ratings.VERIFIED: ("verified_purchase",),
    Ratings.HELPFUL: ("helpful_vote",),
}
_PRODUCTS: Fields = {
    Products.ITEM: ("parent_asin", "asin", "item_id", "itemId", "product_id", "productId", "id"),
    Products.TITLE: ("title", "name"),
    Products.MAIN_CATEGORY: ("main_category", "main_cat"),
    Products.AVERAGE_RATING: ("average_rating",),
    Products.RATING_NUMBER: ("rating_number",),
    Products.PRICE: ("price",),
    Products.STORE: ("store", "brand"),
    Products.FEATURES: ("features", "feature"),
    Products.DESCRIPTION: ("description",),
    Products.IMAGES: ("images", "imageURLHighRes", "imageURL", "image"),
    Products.CATEGORIES: ("categories", "category"),
    Products.DETAILS: ("details",),
}
_PRESETS = {"amazon2023": _REVIEWS_2023, "amazon2018": _REVIEWS_2018, "tables": _REVIEWS_OTHER}
_REQUIRED = (Ratings.USER, Ratings.ITEM)
_REVIEW_NAMES = ("reviews*", "*reviews*", "interactions*", "ratings*")
_PRODUCT_NAMES = ("meta*", "*meta*", "products*", "items*")
_SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".parquet")


@dataclass(frozen=True)
class Source:
    """The files of a dataset and how to understand their fields.

    ``rating_range`` is None where the scale is the user's own: any positive rating is good then.
    """

    preset: str
    reviews: tuple[Path, ...]
    products: tuple[Path, ...]
    review_fields: Fields
    product_fields: Fields
    rating_range: tuple[float, float] | None


def find_source(dataset: Dataset, parameters: EtlParameters) -> Source:
    """Locate files and fields without reading more than their first lines.

    Raises InputDataError when a file is missing or unreadable or lacks a required field,
    ParameterError when a column mapping names something that does not exist.
    """
    reviews = _files(dataset, parameters.reviews, _REVIEW_NAMES, what="reviews")
    products: tuple[Path, ...] = ()
    if parameters.products != "none":
        products = _files(
            dataset, parameters.products, _PRODUCT_NAMES, what="products", taken=reviews
        )
    present = first_fields(reviews[0])
    preset = _preset(present) if parameters.source == "auto" else parameters.source
    review_fields = _mapped(_PRESETS[preset], parameters.columns, "etl.columns")
    _require(reviews[0], present, review_fields, _REQUIRED, "etl.columns")
    product_fields = _mapped(_PRODUCTS, parameters.product_columns, "etl.product_columns")
    if products:
        fields = first_fields(products[0])
        _require(products[0], fields, product_fields, (Products.ITEM,), "etl.product_columns")
    return Source(
        preset=preset,
        reviews=reviews,
        products=products,
        review_fields=review_fields,
        product_fields=product_fields,
        rating_range=None if preset == "tables" else AMAZON_RATINGS,
    )


def _files(
    dataset: Dataset,
    pattern: str,
    names: Iterable[str],
    *,
    what: str,
    taken: tuple[Path, ...] = (),
) -> tuple[Path, ...]:
    if not dataset.raw.is_dir():
        raise InputDataError(
            f"there is no such folder: put the {what} files there, or set 'dataset' to the "
            "absolute path of the folder that has them",
            file=dataset.raw,
        )
    if pattern:
        found = _glob(dataset.raw, pattern)
        if not found:
            raise InputDataError(
                f"no such file: etl.{what} is {pattern!r}", file=dataset.raw / pattern
            )
        return found
    for name in names:
        found = tuple(p for p in _glob(dataset.raw, name) if _readable(p) and p not in taken)
        if found:
            return found
    if what == "products":
        return ()
    raise InputDataError(
        f"no {what} file found (looked for {', '.join(names)} as {', '.join(_SUFFIXES)}, "
        f"also .gz): set etl.{what} to its name",
        file=dataset.raw,
    )


def _glob(folder: Path, pattern: str) -> tuple[Path, ...]:
    path = Path(pattern).expanduser()
    if path.is_absolute():
        folder, pattern = path.parent, path.name
    return tuple(sorted(p for p in folder.glob(pattern) if p.is_file()))


def _readable(path: Path) -> bool:
    suffixes = path.name.removesuffix(".gz")
    return suffixes.endswith(_SUFFIXES) and not path.name.startswith((".", "sample.json"))


def _preset(present: list[str]) -> str:
    if {"reviewerID", "asin"} <= set(present):
        return "amazon2018"
    if {"user_id", "rating"} <= set(present) and {"parent_asin", "asin"} & set(present):
        return "amazon2023"
    return "tables"


def _mapped(fields: Fields, columns: Mapping[str, str], parameter: str) -> Fields:
    for ours in columns:
        if ours not in fields:
            raise ParameterError(
                f"{parameter}: we have no column {ours!r}; choose from {', '.join(fields)}"
            )
    return {**fields, **{ours: (theirs,) for ours, theirs in columns.items()}}


def _require(
    file: Path, present: list[str], fields: Fields, required: tuple[str, ...], parameter: str
) -> None:
    for ours in required:
        if not set(fields[ours]) & set(present):
            raise InputDataError(
                f"missing in the first records of the file, which have {', '.join(present)}: "
                f"set {parameter} to {{{ours}: NAME}} if it has another name",
                file=file,
                field=" or ".join(fields[ours]),
            )
