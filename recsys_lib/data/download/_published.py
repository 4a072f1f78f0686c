"""Which datasets are published, where, and what their files are called here.

Reference: Amazon Reviews 2023 (Hou et al. 2024), https://amazon-reviews-2023.github.io;
MovieLens (Harper and Konstan 2015), https://grouplens.org/datasets/movielens.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from recsys_lib.errors import ParameterError, did_you_mean

BASE_VARIABLE = "RECSYS_DOWNLOAD_URL"
_AMAZON = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023/raw/"
_MOVIELENS = "https://files.grouplens.org/datasets/movielens/"
_CATEGORIES = (
    "All_Beauty",
    "Amazon_Fashion",
    "Appliances",
    "Arts_Crafts_and_Sewing",
    "Automotive",
    "Baby_Products",
    "Beauty_and_Personal_Care",
    "Books",
    "CDs_and_Vinyl",
    "Cell_Phones_and_Accessories",
    "Clothing_Shoes_and_Jewelry",
    "Digital_Music",
    "Electronics",
    "Gift_Cards",
    "Grocery_and_Gourmet_Food",
    "Handmade_Products",
    "Health_and_Household",
    "Health_and_Personal_Care",
    "Home_and_Kitchen",
    "Industrial_and_Scientific",
    "Kindle_Store",
    "Magazine_Subscriptions",
    "Movies_and_TV",
    "Musical_Instruments",
    "Office_Products",
    "Patio_Lawn_and_Garden",
    "Pet_Supplies",
    "Software",
    "Sports_and_Outdoors",
    "Subscription_Boxes",
    "Tools_and_Home_Improvement",
    "Toys_and_Games",
    "Video_Games",
    "Unknown",
)
_SIZES = ("latest-small", "latest", "100k", "1m", "10m", "20m", "25m", "32m")


@dataclass(frozen=True)
class PublishedFile:
    """A file to fetch.

    Parameters
    ----------
    url: its address.
    name: its file name here.
    md5_url: address of its published MD5; empty when there is none.
    """

    url: str
    name: str
    md5_url: str = ""

    @property
    def is_archive(self) -> bool:
        """Whether it has to be unpacked."""
        return self.name.endswith(".zip")


def published(name: str, base_url: str = "") -> tuple[str, list[PublishedFile]]:
    """The folder in data/raw/ for a dataset such as ``amazon2023:Appliances``, and its files.

    ``base_url``, or else ``$RECSYS_DOWNLOAD_URL``, replaces the publisher's address. Raises
    ParameterError for an unknown name.
    """
    base = base_url or os.environ.get(BASE_VARIABLE, "")
    if name not in available():
        raise ParameterError(f"there is no dataset {name!r}{did_you_mean(name, available())}")
    kind, _, part = name.partition(":")
    if kind == "movielens":
        url = f"{_folder(base or _MOVIELENS)}ml-{part}.zip"
        return f"ml-{part}", [PublishedFile(url, f"ml-{part}.zip", f"{url}.md5")]
    folder = _folder(base or _AMAZON)
    return part, [
        PublishedFile(f"{folder}review_categories/{part}.jsonl.gz", "reviews.jsonl.gz"),
        PublishedFile(f"{folder}meta_categories/meta_{part}.jsonl.gz", "meta.jsonl.gz"),
    ]


def available() -> list[str]:
    """The names of all published datasets."""
    amazon = [f"amazon2023:{category}" for category in _CATEGORIES]
    return amazon + [f"movielens:{size}" for size in _SIZES]


def _folder(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"
