"""Which steps can be reused: the cache key of a step, and the lookup in earlier runs."""

from recsys_lib.pipeline.cache._key import CacheKey
from recsys_lib.pipeline.cache.plan import CacheLookup, PlannedStep, look_up, plan

__all__ = ["CacheKey", "CacheLookup", "PlannedStep", "look_up", "plan"]
