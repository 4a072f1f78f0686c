"""The built-in sample: a synthetic appliance shop whose structure models can learn."""

from recsys_lib.data.sample.sizes import APPLIANCES, DEFAULT_SIZE, SampleSize
from recsys_lib.data.sample.writer import ensure_sample, write_sample

__all__ = ["APPLIANCES", "DEFAULT_SIZE", "SampleSize", "ensure_sample", "write_sample"]
