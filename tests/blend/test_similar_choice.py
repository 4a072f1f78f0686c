"""What similar items go by is chosen on held-out users."""

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.als import FoldIn, Penalty
from recsys_lib.blend import BlendWeights, Choices, Histories, Parts, train_blend
from recsys_lib.blend.similar_choice import choose_similar
from recsys_lib.blend.sources import ALS, POPULAR, TEXT, FoldedAls, Popularity, TextNeighbours
from recsys_lib.evaluation import leave_last_out
from recsys_lib.parameters import AlsParameters

N = 20
ANGLES = np.arange(N) * 2 * np.pi / N
RING = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]).astype(np.float32)
NOISE = np.random.default_rng(0).normal(size=(N, 2)).astype(np.float32)
POPULARITY = BlendWeights.from_source(POPULAR, {})


def judged():
    """100 users on a ring of items: after an item each takes the next one."""
    items = np.arange(100, dtype=np.int32) % N
    histories = Histories.of_one_item_each(items, 1.0, N)
    return Choices(histories, sparse.csr_matrix(np.eye(N)[(items + 1) % N]))


def chosen(likes, texts):
    sources = {
        ALS: FoldedAls(FoldIn.from_item_factors(likes, Penalty(1.0, 0.0))),
        POPULAR: Popularity(np.ones(N)),
    }
    if texts is not None:
        sources[TEXT] = TextNeighbours(texts)
    return choose_similar(sources, POPULARITY, judged(), seed=0)


@pytest.mark.parametrize(
    ("likes", "texts", "by"),
    [(RING, NOISE, "als"), (NOISE, RING, "text"), (RING, RING, "als"), (NOISE, None, "als")],
)
def test_the_way_that_finds_the_next_item_is_chosen(likes, texts, by):
    found = chosen(likes, texts)
    assert found.by == by
    assert set(found.quality) == {"als", "blend"} | ({"text"} if texts is not None else set())
    assert f"Similar items go by {by}: " in str(found)


def test_an_item_without_likes_is_found_by_its_text():
    """As it is served: texts answer for what nobody liked."""
    nothing = np.zeros_like(RING)
    found = chosen(nothing, RING)
    assert found.quality["als"] == pytest.approx(found.quality["text"], abs=0.05)
    assert found.by == "als"


def test_where_the_order_counts_the_blend_is_chosen_and_kept(ordered):
    """Only the blend knows which neighbour comes after an item, and which before."""
    parts = Parts(AlsParameters(factors=8, iterations=5), None, None)
    learned = train_blend(leave_last_out(ordered), parts, seed=0).learned
    assert learned.similar.by == "blend"
    assert learned.similar.quality["blend"] > learned.similar.quality["als"] + 0.1
    assert str(learned.similar) in str(learned)


def test_without_judges_nothing_is_compared():
    nobody = Choices(Histories.from_items([], 1.0, N), sparse.csr_matrix((1, N)))
    found = choose_similar({POPULAR: Popularity(np.ones(N))}, POPULARITY, nobody, seed=0)
    assert (found.by, found.quality, str(found)) == ("als", {}, "")
