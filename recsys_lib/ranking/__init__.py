"""Top-k selection, and the only place for it.

One tie rule holds everywhere: of equal scores the item of lower *tie order* comes first. The tie
order is a seeded shuffle (:func:`shuffled_tie_order`) where item numbers may carry information, as
when models are compared; it is the position where an answer must be reproducible without a seed.
:class:`MaximumInnerProduct` takes the items of larger norm first, then those of lower number.
"""

from recsys_lib.ranking._best_products import best_products, products_at
from recsys_lib.ranking._dcg import dcg, discounted_gains, ideal_dcg
from recsys_lib.ranking._highest import HighestProduct
from recsys_lib.ranking._inner_product import MaximumInnerProduct
from recsys_lib.ranking._kernels import dot, is_before, keep_best, positions_within, put_in
from recsys_lib.ranking._top_k import (
    NO_ITEM,
    Scorer,
    best_first,
    best_items,
    in_blocks,
    keep_largest,
    rank_scores,
    shuffled_tie_order,
    top_k,
    top_k_of_row,
)

__all__ = [
    "NO_ITEM",
    "HighestProduct",
    "MaximumInnerProduct",
    "Scorer",
    "best_first",
    "best_items",
    "best_products",
    "dcg",
    "discounted_gains",
    "dot",
    "ideal_dcg",
    "in_blocks",
    "is_before",
    "keep_best",
    "keep_largest",
    "positions_within",
    "products_at",
    "put_in",
    "rank_scores",
    "shuffled_tie_order",
    "top_k",
    "top_k_of_row",
]
