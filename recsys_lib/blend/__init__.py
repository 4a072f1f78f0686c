"""Recommendations from several candidate sources, weighted by what users chose."""

from recsys_lib.blend._reasons import Reason
from recsys_lib.blend._standings import Standing
from recsys_lib.blend.blend import Blend, BlendWeights
from recsys_lib.blend.choices import Choices
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.learned import LearnedBlend
from recsys_lib.blend.learning import learn_blend
from recsys_lib.blend.lists import rank_together
from recsys_lib.blend.model import BlendModel, Ranking, Repeats, all_items
from recsys_lib.blend.part import needed_sources, write_blend_part
from recsys_lib.blend.signals import Signals
from recsys_lib.blend.sources import (
    BLEND,
    CandidateSource,
    SourceOptions,
    recent_counts,
    with_half_lives,
)
from recsys_lib.blend.train import Parts, TrainedBlend, train_blend, train_sources
from recsys_lib.blend.updating import UpdatedBlend, update_blend_part

__all__ = [
    "BLEND",
    "Blend",
    "BlendModel",
    "BlendWeights",
    "CandidateSource",
    "Choices",
    "Histories",
    "LearnedBlend",
    "Parts",
    "Ranking",
    "Reason",
    "Repeats",
    "Signals",
    "SourceOptions",
    "Standing",
    "TrainedBlend",
    "UpdatedBlend",
    "all_items",
    "learn_blend",
    "needed_sources",
    "rank_together",
    "recent_counts",
    "train_blend",
    "train_sources",
    "update_blend_part",
    "with_half_lives",
    "write_blend_part",
]
