import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from recsys_lib.als import FoldIn, Penalty, train_als
from recsys_lib.blend import Histories
from recsys_lib.blend.sources import (
    FoldedAls,
    Popularity,
    Successors,
    TextNeighbours,
    Training,
    cooccurrence,
)
from recsys_lib.blend.sources.cooccurrence import companions, pair_counts, successors
from recsys_lib.parameters import AlsParameters

LISTS = st.lists(st.lists(st.integers(0, 5), max_size=6, unique=True), min_size=1, max_size=6)


def histories(lists, n_items=6):
    indptr = np.cumsum([0, *map(len, lists)])
    items = np.array([i for items in lists for i in items], dtype=np.int32)
    newer = [n for items in lists for n in range(len(items) - 1, -1, -1)]
    return Histories(
        indptr,
        items,
        np.array(newer, dtype=np.int32),
        confidences=np.full(len(items), 2.0, np.float32),
        strength=np.ones(len(items), np.float32),
        liked=np.ones(len(items), bool),
        n_items=n_items,
    )


def test_recency_halves_back_in_time():
    three = histories([[4, 1, 2], [], [3]])
    assert three.recency(1.0).tolist() == [0.25, 0.5, 1, 1]
    assert three.recency(math.inf).tolist() == [1, 1, 1, 1]
    three.strength[:3] = 0.5, 0, 1  # half a signal; seen, and not liked
    assert three.recency(2.0).tolist() == [0.25, 0, 1, 1]


@given(LISTS, st.data())
def test_taking_users_keeps_their_histories(lists, data):
    users = data.draw(st.lists(st.integers(0, len(lists) - 1), max_size=5))
    taken = histories(lists).take(np.array(users, dtype=int))
    ends = zip(taken.indptr[:-1], taken.indptr[1:], strict=True)
    assert [taken.items[a:b].tolist() for a, b in ends] == [lists[p] for p in users]


@given(LISTS, st.data())
def test_users_with_one_history_are_one_group(lists, data):
    users = histories(lists)
    drawn = st.lists(st.sampled_from([0.0, 2.0, 3.0]), min_size=36, max_size=36)
    users.confidences[:] = data.draw(drawn)[: len(users.items)]
    group, first = users.distinct()
    ends = zip(users.indptr[:-1], users.indptr[1:], strict=True)
    own = [(*users.items[a:b], *users.confidences[a:b]) for a, b in ends]
    for user, mine in enumerate(own):
        assert own[first[group[user]]] == mine
    assert len(first) == len(set(own))


def test_confidences_follow_their_interactions(ordered):
    """ALS sorts the items of a user; histories are in the order of time."""
    rated = type(ordered)(
        ordered.users,
        ordered.items,
        ordered.user,
        ordered.item,
        (1 + ordered.item).astype(np.float32),
        ordered.timestamp,
    )
    found = Histories.from_interactions(rated, AlsParameters(alpha=2.0))
    np.testing.assert_allclose(found.confidences, 2.0 * (1 + ordered.item))
    np.testing.assert_array_equal(found.items, ordered.item)


def test_order_is_kept_in_one_and_not_in_the_other(ordered):
    counts = pair_counts(Histories.from_interactions(ordered, AlsParameters()))
    popularity = np.bincount(ordered.item)
    after, together = successors(counts, popularity), companions(counts, popularity)
    assert after[0].toarray().argmax() == 1
    assert after[1, 0] < 0.1 * after[0, 1]
    np.testing.assert_allclose(together.toarray(), together.T.toarray(), rtol=1e-6)


def test_the_weights_of_neighbours_by_hand():
    """Popularity before^0.5 is 4; that after is 32, of which ^0.1 is sqrt(2)."""
    counts = sparse.csr_matrix(np.array([[0, 4], [0, 0]], dtype=np.float32))
    popularity = np.array([16, 32])
    expected = 4 / (4 * math.sqrt(2))
    np.testing.assert_allclose(successors(counts, popularity).toarray(), [[0, expected], [0, 0]])
    cosine = 4 / math.sqrt(16 * 32)
    np.testing.assert_allclose(
        companions(counts, popularity).toarray(), [[0, cosine], [cosine, 0]], rtol=1e-6
    )


def test_the_parts_of_an_als_score_add_up_to_it(ordered):
    parameters = AlsParameters(factors=4, iterations=5, frequency_scaling=0.5)
    source = FoldedAls.train(Training(ordered, parameters)).with_half_life(2.0)
    history = Histories.from_interactions(ordered, parameters).take(np.array([7]))
    history.strength[1] = 0  # seen, and not liked
    items = np.arange(history.n_items)
    parts = source.contributions(history, items)
    np.testing.assert_allclose(parts.sum(axis=1), source.scores(history)[0], atol=1e-5)
    assert not parts[:, 1].any()


def test_only_the_strongest_neighbours_are_kept(ordered, monkeypatch):
    counts = pair_counts(Histories.from_interactions(ordered, AlsParameters()))
    popularity = np.bincount(ordered.item)
    whole = successors(counts, popularity).toarray()
    monkeypatch.setattr(cooccurrence, "KEPT", 3)
    few = successors(counts, popularity).toarray()
    assert ((few > 0).sum(axis=1) == 3).all()
    np.testing.assert_allclose(few.sum(axis=1), np.sort(whole, axis=1)[:, -3:].sum(axis=1))


def test_neighbours_and_texts_add_up_what_each_item_says():
    generator = np.random.default_rng(1)
    weights = generator.random((6, 6)).astype(np.float32)
    vectors = generator.normal(size=(6, 4)).astype(np.float32)
    user = histories([[4, 1, 2]])
    recency = np.array([0.25, 0.5, 1])
    for source, table in (
        (Successors(sparse.csr_matrix(weights), half_life=1.0), weights),
        (TextNeighbours(vectors, half_life=1.0), vectors @ vectors.T),
    ):
        expected = recency @ table[[4, 1, 2]]
        np.testing.assert_allclose(source.scores(user)[0], expected, rtol=1e-5, atol=1e-6)
        parts = source.contributions(user, np.array([3, 0]))
        np.testing.assert_allclose(parts.sum(axis=1), expected[[3, 0]], rtol=1e-5)


def test_without_forgetting_als_is_what_was_trained(ordered):
    parameters = AlsParameters(factors=8, iterations=60, tolerance=0.0, solver="exact")
    trained = train_als(ordered, parameters)
    penalty = Penalty(parameters.regularization)
    source = FoldedAls(FoldIn.from_item_factors(trained.item_factors, penalty))
    found = source.scores(Histories.from_interactions(ordered, parameters))
    assert np.corrcoef(found.ravel(), (trained.user_factors @ trained.item_factors.T).ravel())[
        0, 1
    ] == pytest.approx(1, abs=1e-3)


def test_strangers_get_nothing_but_popularity():
    nobody = histories([[]])
    assert not Successors(sparse.csr_matrix(np.ones((6, 6), np.float32))).scores(nobody).any()
    assert not TextNeighbours(np.ones((6, 2), np.float32)).scores(nobody).any()
    popular = Popularity(np.array([0, 1, 7, 0, 0, 0])).scores(nobody)
    np.testing.assert_allclose(popular[0, :3], np.log([1, 2, 8]), rtol=1e-6)
