"""The lists of all users and items as Parquet files: ``recsys export``."""

from recsys_lib.serving.export.export import FOR_ITEMS, FOR_USERS, REMOVED_USERS, Export

__all__ = ["FOR_ITEMS", "FOR_USERS", "REMOVED_USERS", "Export"]
