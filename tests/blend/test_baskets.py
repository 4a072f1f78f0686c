"""Items of one moment are a basket: no order inside it counts for any source."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.blend import Histories
from recsys_lib.blend.sources import Training, train_sources
from recsys_lib.blend.sources.cooccurrence import HALF_DISTANCE, WINDOW, pair_counts
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters

N_ITEMS = 9
ALS = AlsParameters(factors=3, iterations=3, num_threads=1)


def without_repeats(baskets):
    """Each item in the first basket that has it."""
    seen = set()
    kept = []
    for basket in baskets:
        new = [item for item in dict.fromkeys(basket) if item not in seen]
        seen |= set(new)
        kept += [new] if new else []
    return kept


BASKETS = st.lists(st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=4), max_size=4)
USERS = st.lists(BASKETS.map(without_repeats), min_size=1, max_size=4)


def world(users, n_items=N_ITEMS):
    """Interactions of users who took these baskets, one after the other, in 2020."""
    rows = [
        (user, item, 1_577_836_800_000 + 1000 * moment)
        for user, baskets in enumerate(users)
        for moment, basket in enumerate(baskets)
        for item in basket
    ]
    user, item, time = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Interactions(
        IdMap(map(str, range(len(users)))),
        IdMap(map(str, range(n_items))),
        user.astype(np.int32),
        item.astype(np.int32),
        np.ones(len(rows), np.float32),
        time,
    )


def histories(users):
    return Histories.from_interactions(world(users), ALS)


def pairs_by_hand(users):
    """Every pair of items, from the definition: one basket, or two at the distance of middles."""
    counts = defaultdict(float)
    for baskets in users:
        n = sum(map(len, baskets))
        starts = np.cumsum([0, *map(len, baskets)])
        for x, first in enumerate(baskets):
            mean_distance = (len(first) + 1) / 3
            for a in first:
                for b in first:
                    if a != b:
                        weight = 0.5 * 0.5 ** ((mean_distance - 1) / HALF_DISTANCE)
                        counts[a, b] += weight / np.log2(1 + n)
            for y in range(x + 1, len(baskets)):
                middles = [starts[k] + len(baskets[k]) / 2 for k in (x, y)]
                weight = 0.5 ** ((middles[1] - middles[0] - 1) / HALF_DISTANCE)
                for a in first:
                    for b in baskets[y]:
                        counts[a, b] += weight / np.log2(1 + n)
    table = np.zeros((N_ITEMS, N_ITEMS))
    for cell, weight in counts.items():
        table[cell] = weight
    return table


@settings(deadline=None)  # the first call compiles
@given(USERS)
def test_pairs_equal_a_count_by_hand(users):
    found = pair_counts(histories(users)).toarray()
    np.testing.assert_allclose(found, pairs_by_hand(users), rtol=1e-5)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_the_distance_inside_a_basket_is_that_of_a_random_order(size):
    """(size + 1) / 3 is the mean of |a - b| over all pairs of different places."""
    places = np.arange(size)
    gaps = np.abs(places[:, None] - places)
    assert gaps.sum() / (size * (size - 1)) == pytest.approx((size + 1) / 3)


def test_pairs_farther_apart_than_the_window_do_not_count():
    n = WINDOW + 3
    lists = [[[item] for item in range(n)]]
    counts = pair_counts(Histories.from_interactions(world(lists, n), ALS)).toarray()
    assert counts[0, WINDOW] > 0
    assert not counts[0, WINDOW + 1 :].any()
    huge = [[list(range(3 * WINDOW))]]  # items of such a basket are 50.3 places apart on average
    counts = pair_counts(Histories.from_interactions(world(huge, 3 * WINDOW), ALS))
    assert counts.nnz == 0


@given(USERS)
def test_a_basket_shares_one_rank(users):
    found = histories(users)
    expected = []
    for baskets in users:
        newer = sum(map(len, baskets))
        for basket in baskets:
            newer -= len(basket)
            expected += [newer] * len(basket)
    assert found.newer.tolist() == expected
    np.testing.assert_allclose(found.recency(2.0), 0.5 ** (np.array(expected) / 2), rtol=1e-6)


@given(USERS, st.randoms())
def test_users_are_alike_whatever_the_order_inside_their_baskets(users, random):
    """They are one group, for which everything is computed once."""
    shuffled = [[random.sample(basket, len(basket)) for basket in baskets] for baskets in users]
    group, first = histories(users + shuffled).distinct()
    assert group[: len(users)].tolist() == group[len(users) :].tolist()
    assert len(first) == len({tuple(map(frozenset, baskets)) for baskets in users})


def test_shuffled_baskets_give_the_same_scores():
    """By every source, both for what it is trained on and for whom it scores."""
    generator = np.random.default_rng(0)
    users = [
        without_repeats([generator.integers(0, N_ITEMS, 3).tolist() for _ in range(3)])
        for _ in range(40)
    ]
    shuffled = [[generator.permutation(b).tolist() for b in baskets] for baskets in users]
    assert shuffled != users
    found = []
    for lists in (users, shuffled):
        training = Training(world(lists), ALS)
        sources = train_sources(training)
        found.append(
            {n: s.with_half_life(2.0).scores(training.histories) for n, s in sources.items()}
        )
    assert {"after", "together", "ease", "cosine", "bm25", "als", "popular", "recent"} == set(
        found[0]
    )
    for name, scores in found[0].items():
        np.testing.assert_allclose(found[1][name], scores, rtol=1e-4, atol=1e-5, err_msg=name)


def test_the_order_of_baskets_counts():
    users = [[[0, 1], [2]]] * 5
    counts = pair_counts(histories(users)).toarray()
    assert counts[0, 2] > 0 == counts[2, 0]
    assert counts[0, 1] == counts[1, 0] > 0
