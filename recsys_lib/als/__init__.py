"""Matrix factorization: train it, store it, ask it."""

from recsys_lib.als.artifact import AlsModel, write_als_part
from recsys_lib.als.progress import training_progress
from recsys_lib.als.training import Iteration, TrainedAls, train_als
from recsys_lib.als.warm_start import WarmStart

__all__ = [
    "AlsModel",
    "Iteration",
    "TrainedAls",
    "WarmStart",
    "train_als",
    "training_progress",
    "write_als_part",
]
