"""What an interaction says is learned: by its event type, and from which rating on."""

from dataclasses import replace

import numpy as np
import pytest

from recsys_lib.blend import Choices, Histories, Signals
from recsys_lib.blend.choices import source_quality
from recsys_lib.blend.signal_choice import choose_signals
from recsys_lib.blend.signals import EqualSignals
from recsys_lib.blend.sources import Companions, Popularity, RecentPopularity, Training
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.evaluation import leave_last_out
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.significance import paired_comparison

ALS = AlsParameters(factors=4, iterations=3, num_threads=1)
N_USERS, N_ITEMS, GROUPS, EACH = 300, 60, 6, 10
TYPES = ("purchase", "view")


def world(*, noise, seed=0):
    """Users who take items of their own group, and at random times any item.

    ``noise`` is the share of the latter. Returns the interactions, and which are noise.
    """
    generator = np.random.default_rng(seed)
    item = np.empty((N_USERS, EACH), dtype=np.int32)
    is_noise = generator.random((N_USERS, EACH)) < noise
    for user in range(N_USERS):
        own = generator.permutation(np.arange(user % GROUPS, N_ITEMS, GROUPS))
        others = generator.permutation(np.setdiff1d(np.arange(N_ITEMS), own))
        item[user] = np.where(is_noise[user], others[:EACH], own[:EACH])
    n = N_USERS * EACH
    users, items = IdMap(map(str, range(N_USERS))), IdMap(map(str, range(N_ITEMS)))
    user = np.repeat(np.arange(N_USERS, dtype=np.int32), EACH)
    rows = Interactions(users, items, user, item.ravel(), np.ones(n, np.float32), np.arange(n))
    return rows, is_noise.ravel()


def with_(rows, **columns):
    return type(rows)(
        *(rows.users, rows.items, rows.user, rows.item),
        columns.get("rating", rows.rating),
        rows.timestamp,
        events=columns.get("events"),
        event_types=TYPES if "events" in columns else (),
    )


def chosen(rows, **given):
    split = leave_last_out(rows)
    return choose_signals(split.fitting, ALS, split.learning, seed=0, **given)


def gain(rows, signals):
    """How much better these signals predict the test part than counting alike, per user."""
    split = leave_last_out(rows)
    qualities = []
    for trial in (signals, EqualSignals):
        source = Companions.train(Training(split.train, ALS, None, trial))
        histories = Histories.from_interactions(split.train, ALS, trial)
        choices = Choices(histories.take(split.test_users), split.test.relevant)
        qualities.append(source_quality(source, choices, np.random.default_rng(0)))
    return paired_comparison(*qualities, seed=0)


@pytest.mark.parametrize(("signal", "noise"), [TYPES, TYPES[::-1]])
def test_the_type_that_is_noise_counts_less(signal, noise):
    rows, is_noise = world(noise=0.5)
    bits = {name: 1 << bit for bit, name in enumerate(TYPES)}
    rows = with_(rows, events=np.where(is_noise, bits[noise], bits[signal]).astype(np.uint32))
    found = chosen(rows)
    assert found.event_weights.get(signal, 1.0) == 1
    assert found.event_weights[noise] <= 0.1
    assert gain(rows, found).verdict == "better"


def test_types_that_say_the_same_count_alike():
    rows, _ = world(noise=0.3)
    events = np.random.default_rng(1).integers(1, 3, len(rows)).astype(np.uint32)
    assert chosen(with_(rows, events=events)) == EqualSignals


def test_given_weights_win_over_learned_ones():
    rows, is_noise = world(noise=0.5)
    rows = with_(rows, events=np.where(is_noise, 2, 1).astype(np.uint32))
    given = {"view": 0.7}
    assert chosen(rows, event_weights=given).event_weights == given


def test_a_type_that_is_not_in_the_data_is_refused():
    rows, _ = world(noise=0.5)
    with pytest.raises(ParameterError, match=r"names .views., which .* do not have.*mean .view"):
        chosen(with_(rows, events=np.ones(len(rows), np.uint32)), event_weights={"views": 0.5})
    with pytest.raises(ParameterError, match="the data have no event types"):
        chosen(rows, event_weights={"view": 0.5})


def test_weights_that_leave_nothing_are_refused():
    rows, is_noise = world(noise=0.4)
    rows = with_(rows, events=np.where(is_noise, 2, 1).astype(np.uint32))
    with pytest.raises(ParameterError, match="0 for all event types"):
        chosen(rows, event_weights=dict.fromkeys(TYPES, 0.0))


def test_the_sentence_says_what_was_given_and_what_was_learned():
    assert str(EqualSignals) == "All interactions count alike."
    assert str(Signals(3.0, {"view": 0.3})) == (
        "By what was held out, ratings below 3 do not count and event types count view 0.3."
    )
    rows, is_noise = world(noise=0.4)
    rows = with_(rows, events=np.where(is_noise, 2, 1).astype(np.uint32))
    assert str(chosen(rows, event_weights={"view": 0.5})) == (
        "As given, event types count view 0.5."
    )


def test_counts_in_place_of_ratings_are_all_liked():
    """Played 40 times is no dislike beside 9,000 times."""
    rows = world(noise=0.1)[0]
    plays = np.where(np.arange(len(rows)) % 2, 40, 9_000).astype(np.float32)
    assert EqualSignals.liked(with_(rows, rating=plays)).all()
    percent = with_(rows, rating=(plays / 90).astype(np.float32))
    assert EqualSignals.liked(percent).mean() == pytest.approx(0.5, abs=0.01)


def rated(rows, is_low, seed=2):
    """One or two stars for some, four or five for all others."""
    stars = np.random.default_rng(seed).integers(1, 3, len(rows)) + np.where(is_low, 0, 3)
    return with_(rows, rating=stars.astype(np.float32))


def test_low_ratings_that_say_the_opposite_do_not_count():
    """Who belongs to a group rates all others low."""
    rows, is_noise = world(noise=0.5)
    rows = rated(rows, is_noise)
    found = chosen(rows)
    assert found.min_rating in (3.0, 4.0)
    assert gain(rows, found).verdict == "better"


def test_low_ratings_that_say_nothing_of_taste_count():
    """Stars at random: what was taken is known all the same."""
    rows, _ = world(noise=0.2)
    is_low = np.random.default_rng(3).random(len(rows)) < 0.4
    assert chosen(rated(rows, is_low)).min_rating == 0


def test_a_threshold_that_is_set_for_als_is_not_learned_again():
    rows, is_noise = world(noise=0.4)
    split = leave_last_out(rated(rows, is_noise))
    als = AlsParameters(min_rating=2.0)
    assert choose_signals(split.fitting, als, split.learning, seed=0).min_rating == 0


def test_from_a_few_users_nothing_is_learned():
    rows, is_noise = world(noise=0.4)
    rows = rated(rows, is_noise)
    few = rows.select(rows.user < 40)
    assert chosen(few) == EqualSignals


def test_strengths_by_hand():
    """The strongest type counts, unnamed types fully; low ratings and unknown events not at all."""
    ids, four = IdMap("abcd"), np.arange(4, dtype=np.int32)
    rows = Interactions(
        *(ids, ids, four, four, np.array([5, 5, 2, 5], np.float32), np.arange(4)),
        events=np.array([0b01, 0b10, 0b11, 0b11], dtype=np.uint32),
        event_types=TYPES,
    )
    signals = Signals(3.0, {"view": 0.25})
    assert signals.strength(rows).tolist() == [1, 0.25, 0, 1]
    assert Signals(0.0, {"view": 0.25, "purchase": 0.5}).strength(rows).tolist() == [
        *(0.5, 0.25, 0.5, 0.5)
    ]
    assert EqualSignals.strength(rows).tolist() == [1, 1, 1, 1]
    assert signals.liked(rows).tolist() == [True, True, False, True]


def test_what_does_not_count_is_in_no_source():
    """A history with a low rating alone gives the scores of an empty one."""
    rows, is_noise = world(noise=0.4)
    rows = rated(rows, is_noise)
    training = Training(rows, ALS, None, Signals(3.0))
    source = Companions.train(training)
    low = training.histories.strength == 0
    assert low.sum() == (rows.rating < 3).sum()
    assert training.popularity.sum() == (rows.rating >= 3).sum()
    pairs = np.unique(rows.item[low])
    only_low = Histories.from_items(pairs[:1], 1.0, N_ITEMS)
    only_low.strength[:] = 0
    assert not source.scores(only_low).any()


@pytest.mark.parametrize("source", [Popularity, RecentPopularity])
def test_popularity_counts_what_an_interaction_says(source):
    rows = replace(world(noise=0.5)[0], timestamp=np.arange(N_USERS * EACH) + 1_600_000_000_000)
    is_view = np.arange(len(rows)) % 3 == 0
    seen = with_(rows, events=np.where(is_view, 2, 1).astype(np.uint32))
    bought = rows.select(~is_view)
    purchases_only = Signals(event_weights={"view": 0.0})
    counts = source.train(Training(seen, ALS, signals=purchases_only)).counts
    newest = source is RecentPopularity
    kept = bought.timestamp >= np.quantile(rows.timestamp, 0.9) if newest else np.ones(len(bought))
    expected = np.bincount(bought.item, kept, minlength=N_ITEMS)
    # The cut in time falls between two interactions.
    assert np.abs(counts - expected).max() <= newest
    assert counts.sum() == pytest.approx(expected.sum(), abs=1)
