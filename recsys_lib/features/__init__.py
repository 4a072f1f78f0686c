"""Features of users and items as of times, and a Feast repository that serves them."""

from recsys_lib.features.writing import (
    ITEM_VECTORS,
    ITEMS,
    USER_VECTORS,
    USERS,
    write_features,
)

__all__ = ["ITEMS", "ITEM_VECTORS", "USERS", "USER_VECTORS", "write_features"]
