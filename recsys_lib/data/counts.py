"""The counts that 01_etl leaves in its summary."""

from __future__ import annotations

from typing import TypedDict


class Counts(TypedDict):
    """Counts of lines, ratings and products; users and items are those that the models see."""

    lines: int
    line_items: int
    repaired_lines: int
    kept: int
    rejected: int
    exact_duplicates: int
    superseded: int
    interactions: int
    repeated_interactions: int
    tied_interactions: int
    users: int
    items: int
    products: int
    rejected_products: int
    duplicate_products: int
    products_without_title: int
    products_without_reviews: int
    reviewed_unknown_products: int
    unreadable_prices: int
    unreadable_titles: int
    unreadable_values: int
