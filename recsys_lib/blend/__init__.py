"""Recommendations from several sources, weighed by what people did: train, learn, store, ask."""

from recsys_lib.blend.artifact import write_blend_part
from recsys_lib.blend.learning import LearnedBlend, learn_blend
from recsys_lib.blend.parts import Parts
from recsys_lib.blend.training import train_sources

__all__ = ["LearnedBlend", "Parts", "learn_blend", "train_sources", "write_blend_part"]
