"""Lists from bounds are those of all scores, whatever the weights and the sources."""

from dataclasses import replace

import numpy as np
import pytest

from recsys_lib.blend import BlendWeights
from recsys_lib.blend._bounded import BoundedBlend
from recsys_lib.blend.sources import TextNeighbours
from recsys_lib.errors import ScoreError
from recsys_lib.ranking import shuffled_tie_order
from tests.blend.test_lists import SEED, random_blend, ranked

ITEMS = 400
FIRST = ("after", "together", "ease")
WEIGHTS = {
    "all alike": {},
    "popularity most": {"popular": (5.0, 2.0, 5.0, 2.0, 0.0, 0.0)},
    "vectors most": {"als": (5.0, 2.0, 5.0, 2.0, 0.0, 0.0), "text": (3.0, 0.0, 3.0, 0, 0, 0.0)},
    "vectors by trend": {"als": (0, 0, 0, 0, 1.0, 2.0), "text": (0, 0, 0, 0, 1.0, 0.5)},
    "not for short histories": {"als": (1.0, 1.0, 0, 0, 0, 0), "text": (1.0, 0.5, 0, 0, 0, 0)},
}


@pytest.fixture(scope="module")
def blend():
    """With texts, some of them alike and some missing."""
    random = random_blend(120, ITEMS)
    rng = np.random.default_rng(3)
    texts = rng.standard_normal((ITEMS, 24)).astype(np.float32)
    texts[:40] = texts[40:80]
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    texts[rng.random(ITEMS) < 0.1] = 0
    sources = {**random.sources, "text": TextNeighbours(texts, half_life=1.0)}
    values = {**random.weights.coefficients, "text": tuple(rng.random(6).round(3).tolist())}
    return replace(random, sources=sources, weights=BlendWeights(values, {}, 2))


def assert_same(blend, histories, k):
    tie_order = shuffled_tie_order(ITEMS, SEED)
    items, scores = BoundedBlend.from_blend(blend, tie_order).best(histories, k)
    every = blend.scores_of(histories)
    expected, their_scores = ranked(every, histories, k)
    assert np.array_equal(items >= 0, expected >= 0)
    # The root of a relative score near 0 makes much of its rounding.
    close = {"rtol": 1e-6, "atol": 1e-5}
    there = items >= 0
    np.testing.assert_allclose(scores[there], their_scores[there], **close)
    swapped = there & (items != expected)
    assert swapped.mean() < 0.01
    user, place = np.nonzero(swapped)  # only what rounding cannot tell apart
    theirs = every[user, expected[user, place]]
    np.testing.assert_allclose(every[user, items[user, place]], theirs, **close)
    assert all(len(set(row[row >= 0])) == (row >= 0).sum() for row in items)


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("k", [1, 10, 390])
def test_the_best_are_those_of_all_scores(blend, kind, k):
    values = {**blend.weights.coefficients, **WEIGHTS[kind]}
    some = replace(blend, weights=replace(blend.weights, coefficients=values))
    assert_same(some, blend.histories, k)


@pytest.mark.parametrize("left_out", [(*FIRST,), ("popular",), ("recent", "als"), ("text",)])
def test_sources_may_be_missing(blend, left_out):
    kept = {name: source for name, source in blend.sources.items() if name not in left_out}
    assert_same(replace(blend, sources=kept), blend.histories, 10)


def test_more_items_than_are_kept_in_order(blend, monkeypatch):
    monkeypatch.setattr("recsys_lib.blend._bounded._HEAD", 20)
    assert_same(blend, blend.histories, 30)


def test_every_score_where_bounds_exclude_little(blend, monkeypatch):
    """Texts weigh most, and all items may have the highest product."""
    monkeypatch.setattr("recsys_lib.blend._bounded._FEWEST_ITEMS", 1)
    monkeypatch.setattr("recsys_lib.blend._bounded._EVERY_SCORE", 7 * ITEMS)  # several blocks
    texts = {"text": (9.0, 0.0, 9.0, 0.0, 0.0, 0.0), "popular": (0.1, 0.0, 0.0, 0.0, 0.0, 0.0)}
    heavy = replace(blend, weights=replace(blend.weights, coefficients=texts))
    order = shuffled_tie_order(ITEMS, SEED)
    assert not BoundedBlend.from_blend(heavy, order).saves_work
    assert_same(heavy, blend.histories, 10)
    monkeypatch.setattr("recsys_lib.blend._bounded._FULL_PRODUCT", 1)
    light = {"popular": (9.0, 0.0, 0.0, 0.0, 0.0, 0.0), "text": (0.1, 0.0, 0.0, 0.0, 0.0, 0.0)}
    light = replace(blend, weights=replace(blend.weights, coefficients=light))
    assert BoundedBlend.from_blend(light, order).saves_work
    assert_same(light, blend.histories, 10)


def test_few_bounds_are_kept(blend, monkeypatch):
    monkeypatch.setattr("recsys_lib.blend._bounded._KEPT_BOUNDS", 2)
    assert_same(blend, blend.histories, 5)


def test_where_no_source_scores_every_item_there_is_nothing_to_bound(blend):
    few = {name: blend.sources[name] for name in FIRST}
    assert BoundedBlend.from_blend(replace(blend, sources=few), np.arange(ITEMS)) is None


def test_scores_of_another_kind_are_left_to_others(blend):
    class Own(TextNeighbours):
        def scores(self, histories):
            return super().scores(histories)

    own = Own(blend.sources["text"].embeddings)
    other = replace(blend, sources={**blend.sources, "text": own})
    assert own.item_vectors is None
    assert BoundedBlend.from_blend(other, np.arange(ITEMS)) is None


def test_vectors_that_are_not_finite_are_refused(blend):
    broken = TextNeighbours(np.full((ITEMS, 2), np.nan, dtype=np.float32))
    with pytest.raises(ScoreError, match="TextNeighbours gave NaN"):
        BoundedBlend.from_blend(
            replace(blend, sources={**blend.sources, "text": broken}), np.arange(ITEMS)
        )
