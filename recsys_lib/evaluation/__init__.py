"""How good the recommendations are: splits, lists, metrics, baselines."""

from recsys_lib.evaluation.evaluate import Evaluation, evaluate
from recsys_lib.evaluation.models import Factors, MostPopular, Random
from recsys_lib.evaluation.split import (
    TrainTest,
    leave_last_out,
    split_at_random,
    split_at_time,
    split_by,
)

__all__ = [
    "Evaluation",
    "Factors",
    "MostPopular",
    "Random",
    "TrainTest",
    "evaluate",
    "leave_last_out",
    "split_at_random",
    "split_at_time",
    "split_by",
]
