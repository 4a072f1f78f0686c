"""Matrix factorization by alternating least squares: training, the stored part, its queries.

Beside this face, :mod:`recsys_lib.als.queries` answers many users at once, and
:mod:`recsys_lib.als.inspection` shows a training in a notebook (it imports matplotlib).
"""

from recsys_lib.als._distinct import DistinctRows
from recsys_lib.als.confidences import (
    confidence,
    liked,
    newer_items,
    recency_weighted,
    recency_weights,
)
from recsys_lib.als.defaults import ChosenAls, choose_parameters
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.als.implicit_models import ExactALS, item_similarity
from recsys_lib.als.part import ITEMS_FILE, MEANS_FILE, AlsModel
from recsys_lib.als.solver import Penalty
from recsys_lib.als.storing import write_als_part
from recsys_lib.als.training import Iteration, TrainedAls, train_als
from recsys_lib.als.updating import UpdatedAls, update_als_part
from recsys_lib.als.user_files import has_user_ids, is_of_users, user_ids
from recsys_lib.als.warm_start import WarmStart

__all__ = [
    "ITEMS_FILE",
    "MEANS_FILE",
    "AlsModel",
    "ChosenAls",
    "DistinctRows",
    "ExactALS",
    "FoldIn",
    "Iteration",
    "Penalty",
    "TrainedAls",
    "UpdatedAls",
    "WarmStart",
    "choose_parameters",
    "confidence",
    "has_user_ids",
    "is_of_users",
    "item_similarity",
    "liked",
    "newer_items",
    "recency_weighted",
    "recency_weights",
    "train_als",
    "update_als_part",
    "user_ids",
    "write_als_part",
]
