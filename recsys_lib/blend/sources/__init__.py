"""The table of candidate sources. A new source is a module with a class, and a line here."""

from collections.abc import Collection, Mapping

from recsys_lib.blend.sources.attributes import AttributeFactors
from recsys_lib.blend.sources.base import (
    BLEND,
    CandidateSource,
    ServedParts,
    SourceOptions,
    Training,
)
from recsys_lib.blend.sources.cooccurrence import Companions, Successors
from recsys_lib.blend.sources.factorization import FoldedAls
from recsys_lib.blend.sources.item_weights import Bm25Neighbours, CosineNeighbours
from recsys_lib.blend.sources.linear import Ease
from recsys_lib.blend.sources.popularity import Popularity, RecentPopularity, recent_counts
from recsys_lib.blend.sources.sequence import Sequence, lacks_pytorch
from recsys_lib.blend.sources.texts import TextNeighbours, item_embeddings

__all__ = [
    "AFTER",
    "ALS",
    "BLEND",
    "POPULAR",
    "RECENT",
    "SEQUENCE",
    "SOURCES",
    "TEXT",
    "TOGETHER",
    "AttributeFactors",
    "Bm25Neighbours",
    "CandidateSource",
    "Companions",
    "CosineNeighbours",
    "Ease",
    "FoldedAls",
    "Popularity",
    "RecentPopularity",
    "Sequence",
    "ServedParts",
    "SourceOptions",
    "Successors",
    "TextNeighbours",
    "Training",
    "item_embeddings",
    "lacks_pytorch",
    "recent_counts",
    "source_types",
    "train_sources",
    "with_half_lives",
]

SOURCES: tuple[type[CandidateSource], ...] = (
    Successors,
    Companions,
    Ease,
    CosineNeighbours,
    Bm25Neighbours,
    Sequence,
    FoldedAls,
    AttributeFactors,
    TextNeighbours,
    Popularity,
    RecentPopularity,
)
"""Every candidate source, in the order in which a blend adds them up.

Those that know few items come first, which saves much work (:mod:`recsys_lib.blend._bounded`)."""

AFTER, TOGETHER, ALS = Successors.name, Companions.name, FoldedAls.name
SEQUENCE = Sequence.name
TEXT, POPULAR, RECENT = TextNeighbours.name, Popularity.name, RecentPopularity.name


def source_types() -> dict[str, type[CandidateSource]]:
    """The table by name."""
    return {source.name: source for source in SOURCES}


def train_sources(
    training: Training, names: Collection[str] | None = None, *, counted_only: bool = False
) -> dict[str, CandidateSource]:
    """Train every source for which there are data, or only ``names``; half-lives are infinite.

    Counted sources come first. ``counted_only`` leaves out those that are built from other parts.
    """
    counted = [source for source in SOURCES if source.counted]
    others = [] if counted_only else [source for source in SOURCES if not source.counted]
    wanted = [source for source in counted + others if names is None or source.name in names]
    trained = {source.name: source.train(training) for source in wanted}
    return {name: source for name, source in trained.items() if source is not None}


def with_half_lives(
    sources: Mapping[str, CandidateSource], half_lives: Mapping[str, float]
) -> dict[str, CandidateSource]:
    """The sources with these half-lives; those without one stay as they are."""
    return {
        name: source.with_half_life(half_lives[name]) if name in half_lives else source
        for name, source in sources.items()
    }
