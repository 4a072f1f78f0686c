"""Lists that are ranked together, in tiles and from sparse scores, are those of each user alone."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.als import FoldIn, Penalty
from recsys_lib.blend import Blend, BlendWeights, Histories, _product_scores, rank_together
from recsys_lib.blend._candidates import gather_candidates, prepared_sources
from recsys_lib.blend.sources import (
    Companions,
    Ease,
    FoldedAls,
    Popularity,
    RecentPopularity,
    Successors,
)
from recsys_lib.errors import ScoreError
from recsys_lib.ranking import rank_scores, shuffled_tie_order

SEED = 5


def random_blend(n_users, n_items):
    """Histories of 0 to 30 items, popular ones in most, and sources with random weights."""
    generator = np.random.default_rng(0)
    lengths = np.minimum(generator.geometric(0.35, n_users), 30)
    lengths[:3] = 0, 0, 30
    odds = 1 / np.arange(1, n_items + 1)
    drawn = [generator.choice(n_items, n, replace=False, p=odds / odds.sum()) for n in lengths]
    items = np.concatenate(drawn).astype(np.int32)
    newer = np.concatenate([np.arange(n)[::-1] for n in lengths]).astype(np.int32)
    n = len(items)
    ones = np.ones(n, dtype=np.float32)
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    histories = Histories(indptr, items, newer, 10 * ones, ones, ones > 0, n_items)

    def weights(negative=0.0):
        matrix = sparse.random(n_items, n_items, 0.03, "csr", random_state=generator)
        matrix.data -= negative
        return matrix.astype(np.float32)

    factors = generator.normal(0, 0.1, (n_items, 8)).astype(np.float32)
    popularity = np.bincount(items, minlength=n_items).astype(float)
    sources = {
        "after": Successors(weights(), half_life=2.0),
        "together": Companions(weights()),
        "ease": Ease(weights(negative=0.4)),
        "als": FoldedAls(FoldIn.from_item_factors(factors, Penalty(1.0)), half_life=4.0),
        "popular": Popularity(popularity),
        "recent": RecentPopularity(popularity * generator.integers(0, 3, n_items)),
    }
    values = {name: tuple(generator.random(6).round(3).tolist()) for name in sources}
    values["together"] = (0.3, 0.2, 0.1, 0.5, 0.0, 0.0)
    return Blend(sources, BlendWeights(values, {}), histories)


@pytest.fixture(scope="module")
def blend():
    return random_blend(120, 400)


def ranked(scores, histories, k):
    """The oracle: all scores, ranked row by row."""
    seen = histories.matrix(histories.confidences)
    tie_order = shuffled_tie_order(histories.n_items, SEED)
    items = rank_scores(scores.copy(), seen, tie_order, k)
    return items, np.take_along_axis(scores, np.maximum(items, 0), axis=1)


@pytest.mark.parametrize("left_out", [(), ("als",), ("als", "popular"), ("als", "recent")])
@pytest.mark.parametrize("k", [10, 300])
def test_the_best_of_a_blend_are_those_of_all_its_scores(blend, left_out, k):
    """Without ALS no item is scored that no source knows; 300 are more than are kept in order."""
    kept = {name: source for name, source in blend.sources.items() if name not in left_out}
    some = replace(blend, sources=kept)
    items, scores = some.best(blend.histories, k, shuffled_tie_order(400, SEED))
    expected, their_scores = ranked(some.scores_of(blend.histories), blend.histories, k)
    assert np.array_equal(items, expected)
    assert np.array_equal(scores, their_scores)


def test_a_source_without_weight_for_a_user_is_not_asked(blend):
    """Weights of ALS are 0 for the shortest histories, and it does not change their lists."""
    short = replace(blend.weights, shortest=2)
    values = {**short.coefficients, "als": (0.5, 0.5, 0.0, 0.0, 0.0, 0.0)}
    some = replace(blend, weights=replace(short, coefficients=values))
    every = some.scores_every_item(blend.histories)
    assert np.array_equal(every, blend.histories.lengths > 2)
    items, scores = some.best(blend.histories, 10, shuffled_tie_order(400, SEED))
    expected, their_scores = ranked(some.scores_of(blend.histories), blend.histories, 10)
    assert np.array_equal(items, expected)
    np.testing.assert_allclose(scores, their_scores, rtol=1e-6)


def test_single_sources_and_the_blend_are_ranked_together_as_each_is_alone(blend):
    lists, seconds = rank_together({"blend": blend}, blend.sources, blend.histories, 10, seed=SEED)
    assert lists.keys() == seconds.keys() == {"blend", *blend.sources}
    for name, source in blend.sources.items():
        expected, _ = ranked(source.scores(blend.histories), blend.histories, 10)
        assert np.array_equal(lists[name], expected), name
    expected, _ = ranked(blend.scores_of(blend.histories), blend.histories, 10)
    assert np.array_equal(lists["blend"], expected)


def test_lists_without_a_score_of_every_item_are_the_same(blend, monkeypatch):
    """As for large catalogues; products of matrices and of vectors are rounded differently."""
    models = {"blend": blend}
    expected, _ = rank_together(models, blend.sources, blend.histories, 10, seed=SEED)
    monkeypatch.setattr(_product_scores, "_FEWEST_ITEMS", 1)
    lists, _ = rank_together(models, blend.sources, blend.histories, 10, seed=SEED)
    scores = {name: source.scores(blend.histories) for name, source in blend.sources.items()}
    scores["blend"] = blend.scores_of(blend.histories)
    for name, items in lists.items():
        found, theirs = (np.take_along_axis(scores[name], x, 1) for x in (items, expected[name]))
        np.testing.assert_allclose(found, theirs, rtol=1e-5, err_msg=name)
        assert (items == expected[name]).mean() > 0.99


def test_candidates_are_the_same_without_a_score_of_every_item(blend, monkeypatch):
    relevant = sparse.random(120, 400, 0.01, "csr", np.float32, np.random.default_rng(0))
    expected = gather_candidates(blend.sources, blend.histories, relevant)
    monkeypatch.setattr(_product_scores, "_FEWEST_ITEMS", 1)
    assert prepared_sources(blend.sources)
    found = gather_candidates(blend.sources, blend.histories, relevant)
    cells, theirs = (c.user * 400 + c.item for c in (found, expected))
    _, mine, of_theirs = np.intersect1d(cells, theirs, return_indices=True)
    assert len(mine) > 0.999 * max(len(cells), len(theirs))
    both = found.relative[mine], expected.relative[of_theirs]
    np.testing.assert_allclose(*both, rtol=1e-4, atol=1e-6)
    assert np.array_equal(found.chosen[mine], expected.chosen[of_theirs])


def test_vectors_that_are_not_finite_are_refused(blend, monkeypatch):
    monkeypatch.setattr(_product_scores, "_FEWEST_ITEMS", 1)
    als = blend.sources["als"]
    factors = np.full_like(als.item_vectors, np.nan)
    broken = replace(als, fold_in=replace(als.fold_in, item_factors=factors))
    with pytest.raises(ScoreError, match="FoldedAls gave NaN or infinity"):
        rank_together({}, {"als": broken}, blend.histories, 10, seed=SEED)


def test_scores_that_are_not_finite_are_refused(blend):
    broken = Popularity(np.full(400, np.nan))
    with pytest.raises(ScoreError, match="Popularity gave NaN"):
        rank_together({}, {"popular": broken}, blend.histories, 10, seed=SEED)
    wrong = replace(blend.sources["after"], weights=sparse.csr_matrix((400, 7), dtype=np.float32))
    with pytest.raises(ScoreError, match="one score is needed for each"):
        rank_together({}, {"after": wrong}, blend.histories, 10, seed=SEED)


@pytest.mark.parametrize(
    ("n_users", "n_items"), [(60, 300), pytest.param(1_000, 3_000, marks=pytest.mark.slow)]
)
def test_a_user_alone_gets_the_list_of_all_users_together(n_users, n_items):
    blend = random_blend(n_users, n_items)
    lists, _ = rank_together({"blend": blend}, {}, blend.histories, 10, seed=SEED)
    tie_order = shuffled_tie_order(n_items, SEED)
    for user in range(n_users):
        history = blend.histories.take(np.array([user]))
        total = blend.user_scores(history).total[0]
        total[history.items] = -np.inf
        expected = np.lexsort((tie_order, -total))[:10]
        # Products of matrices and of vectors are rounded differently.
        np.testing.assert_allclose(total[lists["blend"][user]], total[expected], rtol=1e-5)
