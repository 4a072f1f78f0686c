"""A candidate source is added by a class in a file of its own, and a line in the table."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from recsys_lib import Recommender
from recsys_lib.blend import (
    BlendWeights,
    CandidateSource,
    LearnedBlend,
    Parts,
    sources,
    train_blend,
)
from recsys_lib.blend.sources import ALS, Training
from recsys_lib.errors import ArtifactError
from recsys_lib.evaluation import leave_last_out


@dataclass(frozen=True)
class Newest(CandidateSource):
    """The items that entered the shop last: all that a new source takes."""

    name, label, plain_reason = "newest", "newest", "new in the shop"

    first: np.ndarray

    @classmethod
    def train(cls, training):
        first = np.full(len(training.popularity), np.iinfo(np.int64).max)
        interactions = training.interactions
        np.minimum.at(first, interactions.item, interactions.timestamp)
        return cls(first.argsort().argsort().astype(np.float32))

    def arrays(self):
        return {"first": self.first}

    @classmethod
    def load(cls, arrays, parts):
        return cls(parts.padded(arrays["first"]))

    def scores(self, histories):
        return np.tile(self.first, (len(histories), 1))


@pytest.mark.slow
def test_a_source_is_added_by_a_class_and_a_line(
    shop, with_blend, shop_interactions, tmp_path, monkeypatch
):
    monkeypatch.setattr(sources, "SOURCES", (*sources.SOURCES, Newest))
    parts = Parts.load(shop.version("v1"))
    learned = train_blend(leave_last_out(shop_interactions), parts, seed=0).learned
    assert "newest" in learned.validation
    assert "newest" in learned.table()["source"]

    alone = replace(learned, served="newest")
    folder = tmp_path / "models" / "sample-1000" / "v7"
    served = with_blend(folder, alone, shop_interactions)
    answer = served.recommend(served.example_users(1)[0], 5)
    assert set(answer["source"]) == {"newest"}
    assert set(answer["reason"]) == {"new in the shop"}
    first = Newest.train(Training(shop_interactions, parts.als)).first
    best = first[shop_interactions.items.rows(list(answer["item_id"]))]
    assert best.min() > 0.9 * len(first)


def test_a_part_without_a_source_is_refused(with_blend, shop_interactions, tmp_path, monkeypatch):
    folder = tmp_path / "models" / "sample-1000" / "v6"
    one = (1.0, *[0.0] * 5)
    weights = BlendWeights({ALS: one, "newest": one}, {})
    with_blend(folder, LearnedBlend(weights, "blend", {}, 0), shop_interactions)
    monkeypatch.setattr(sources, "SOURCES", (*sources.SOURCES, Newest))
    with pytest.raises(ArtifactError, match="no source 'newest': evaluate again"):
        Recommender.load(folder)
