"""Search for ALS parameters that recommend better. Plots are in the module ``plots``."""

from recsys_lib.tuning.study import Study
from recsys_lib.tuning.validation import Validation

__all__ = ["Study", "Validation"]
