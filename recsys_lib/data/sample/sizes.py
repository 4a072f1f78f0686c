"""Sizes of samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recsys_lib.errors import ParameterError

MIN_USERS = 100
MIN_PRODUCTS = 200


@dataclass(frozen=True)
class SampleSize:
    """Number of users, products and reviews in the files of a sample, dirt included.

    Parameters
    ----------
    users: distinct user ids.
    products: lines of meta.jsonl.
    reviews: lines of reviews.jsonl; broken and repeated ones count.
    """

    users: int = 20_000
    products: int = 3_000
    reviews: int = 60_000

    def __post_init__(self) -> None:
        if self.users < MIN_USERS or self.products < MIN_PRODUCTS:
            raise ParameterError(
                f"a sample of {self.users:,} users and {self.products:,} products is too small to "
                f"show anything: ask for at least {MIN_USERS} users and {MIN_PRODUCTS} products"
            )
        least = math.ceil(max(self.users, self.products) * 11 / 10)
        if self.reviews < least:
            raise ParameterError(
                f"{self.reviews:,} reviews cannot cover {self.users:,} users and "
                f"{self.products:,} products: ask for at least {least:,}"
            )

    @classmethod
    def for_users(cls, users: int) -> SampleSize:
        """The size for this many users, interpolated between the default and ``APPLIANCES``.

        Products grow as a power of the users. Reviews per user fall from 3 with the logarithm of
        the users, and are constant outside that range.
        """
        if users < MIN_USERS:
            raise ParameterError(
                f"a sample of {users:,} users is too small: ask for at least {MIN_USERS}"
            )
        way = math.log(users / cls.users) / math.log(APPLIANCES.users / cls.users)
        products = cls.products * (APPLIANCES.products / cls.products) ** way
        many, few = cls.reviews / cls.users, APPLIANCES.reviews / APPLIANCES.users
        per_user = many + min(max(way, 0.0), 1.0) * (few - many)
        return cls(users, max(MIN_PRODUCTS, round(products)), round(users * per_user))


DEFAULT_SIZE = SampleSize()
APPLIANCES = SampleSize(users=1_690_000, products=94_000, reviews=2_000_000)
"""The size of the category Appliances of Amazon Reviews 2023."""
