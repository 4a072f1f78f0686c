"""How good the recommendations are: splits, compared models, metrics, intervals, reports.

The modules ``plots``, ``metrics`` and ``beyond`` are used by their names.
"""

from recsys_lib.evaluation.backtest import back_test_table
from recsys_lib.evaluation.evaluate import Evaluation, evaluate
from recsys_lib.evaluation.examples import UserExamples, example_users, failures
from recsys_lib.evaluation.models import (
    Factors,
    MostPopular,
    Random,
    RecentPopular,
)
from recsys_lib.evaluation.report import in_words, lists_table, results_table, what_to_try
from recsys_lib.evaluation.segments import segments, winners
from recsys_lib.evaluation.split import (
    back_test,
    leave_last_out,
    split_at_random,
    split_at_time,
    split_by,
)
from recsys_lib.evaluation.train_test import HeldOut, TrainTest
from recsys_lib.evaluation.version import VersionEvaluation, evaluate_version, models_to_compare

__all__ = [
    "Evaluation",
    "Factors",
    "HeldOut",
    "MostPopular",
    "Random",
    "RecentPopular",
    "TrainTest",
    "UserExamples",
    "VersionEvaluation",
    "back_test",
    "back_test_table",
    "evaluate",
    "evaluate_version",
    "example_users",
    "failures",
    "in_words",
    "leave_last_out",
    "lists_table",
    "models_to_compare",
    "results_table",
    "segments",
    "split_at_random",
    "split_at_time",
    "split_by",
    "what_to_try",
    "winners",
]
