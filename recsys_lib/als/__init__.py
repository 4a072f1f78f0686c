"""Matrix factorization: train it, store it, ask it."""

from recsys_lib.als.artifact import AlsModel, write_als_part
from recsys_lib.als.training import Iteration, TrainedAls, train_als

__all__ = ["AlsModel", "Iteration", "TrainedAls", "train_als", "write_als_part"]
