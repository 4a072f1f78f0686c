"""Queries as input files: ``orders.sql`` names a database and holds a SELECT.

It begins with a comment such as ``-- database: postgresql+psycopg://shop:${SHOP_PASSWORD}@db/shop``.
The result is fetched into Parquet files in the workspace, which are read and cleaned as any others.
"""

from recsys_lib.data.queries.fetch import fetched, is_reused, reuse_results, tables
from recsys_lib.data.queries.source import SUFFIX, is_result, query_files, read_query

__all__ = [
    "SUFFIX",
    "fetched",
    "is_result",
    "is_reused",
    "query_files",
    "read_query",
    "reuse_results",
    "tables",
]
