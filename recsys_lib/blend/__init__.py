"""Recommendations from several candidate sources, weighted by what users chose."""

from recsys_lib.blend.artifact import write_blend_part
from recsys_lib.blend.learning import LearnedBlend, learn_blend
from recsys_lib.blend.train import Parts, TrainedBlend, train_blend, train_sources

__all__ = [
    "LearnedBlend",
    "Parts",
    "TrainedBlend",
    "learn_blend",
    "train_blend",
    "train_sources",
    "write_blend_part",
]
