"""Search for parameters of ALS that recommend better."""

from recsys_lib.tuning.study import Study
from recsys_lib.tuning.validation import Validation

__all__ = ["Study", "Validation"]
