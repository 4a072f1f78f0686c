"""The built-in sample: a made-up appliance shop with a structure that models can find."""

from recsys_lib.data.sample.sizes import APPLIANCES, DEFAULT_SIZE, SampleSize
from recsys_lib.data.sample.writer import ensure_sample, write_sample

__all__ = ["APPLIANCES", "DEFAULT_SIZE", "SampleSize", "ensure_sample", "write_sample"]
