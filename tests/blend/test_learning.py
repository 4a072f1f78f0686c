from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.optimize import approx_fprime

from recsys_lib.blend import (
    Blend,
    BlendWeights,
    Choices,
    Histories,
    Parts,
    learn_blend,
    train_blend,
    train_sources,
    with_half_lives,
)
from recsys_lib.blend._candidates import as_coefficients, as_weights, gather_candidates
from recsys_lib.blend._features import Features
from recsys_lib.blend._logit import fit_choices
from recsys_lib.blend._scored import score
from recsys_lib.blend.blend import TERMS
from recsys_lib.blend.sources import (
    AFTER,
    ALS,
    POPULAR,
    RECENT,
    CandidateSource,
    Popularity,
    RecentPopularity,
    Successors,
)
from recsys_lib.evaluation import leave_last_out
from recsys_lib.parameters import AlsParameters
from recsys_lib.ranking import top_k

PARAMETERS = AlsParameters(factors=8, iterations=10)
PARTS = Parts(PARAMETERS, pl.DataFrame(), None)


@pytest.fixture(scope="module")
def split(ordered):
    return leave_last_out(ordered)


@pytest.fixture(scope="module")
def trained(split):
    return train_blend(split, PARTS, seed=0)


@pytest.fixture(scope="module")
def learned(trained):
    return trained.learned


@pytest.fixture(scope="module")
def choices(split):
    """What users took in the learning and in the judging part, after what came before it."""
    parts = (split.fitting, split.learning), (split.before_judging, split.judging)
    return [
        Choices(PARTS.histories(known).take(held_out.users), held_out.relevant)
        for known, held_out in parts
    ]


def blend_of(split, learned):
    sources = with_half_lives(train_sources(split.train, PARTS), learned.weights.half_lives)
    return Blend(
        sources, learned.served_weights, Histories.from_interactions(split.train, PARAMETERS)
    )


def test_the_blend_finds_what_the_order_tells(split, learned):
    """What comes next on the ring is held out: its other neighbour is as near, but behind."""
    lists = top_k(blend_of(split, learned), split.test_users, split.train.user_items(), 1, seed=0)
    found = lists[:, 0] == split.test.interactions.item
    assert found.mean() > 0.95
    assert learned.validation[learned.served] > 0.95


def test_learning_is_repeatable(trained, learned, choices):
    again = learn_blend(trained.sources, *choices, seed=0)
    assert again.validation == learned.validation
    for name, weights in learned.weights.coefficients.items():
        assert again.weights.coefficients[name] == pytest.approx(weights, rel=1e-3, abs=1e-4)


def test_a_single_source_is_served_where_it_is_better_beyond_noise(monkeypatch, trained, choices):
    """With weights that are nonsense the blend loses, must not be served, and that is said."""
    from recsys_lib.blend import learning

    def only_the_first(features, *_):
        return np.eye(features.shape[1])[0]

    monkeypatch.setattr(learning, "fit_choices", only_the_first)
    some = {name: trained.sources[name] for name in (POPULAR, AFTER)}
    found = learn_blend(some, *choices, seed=0)
    assert list(found.weights.coefficients) == [POPULAR]
    assert found.served == AFTER
    assert found.validation[AFTER] > found.validation["blend"]
    assert found.served_weights.coefficients == {AFTER: (1.0, 0.0, 1.0, 0.0, 0.0, 0.0)}
    assert "after is served" in str(found)
    assert "for the best single source, after; the difference is beyond noise" in str(found)


@pytest.mark.parametrize(
    ("worth", "kept"),
    [({3: [1, 1, 0], 2: [1, 0], 1: [1]}, [AFTER]), ({3: [0, 0, 0]}, [POPULAR])],
)
def test_no_source_without_a_weight_is_kept(monkeypatch, trained, choices, worth, kept):
    """Without the third source the second is worth nothing, either; then there is only one."""
    from recsys_lib.blend import learning

    def as_said(features, *_):
        return np.repeat(worth[features.shape[1] // TERMS], TERMS).astype(float)

    monkeypatch.setattr(learning, "fit_choices", as_said)
    some = {name: trained.sources[name] for name in (AFTER, POPULAR, ALS)}
    found = learn_blend(some, *choices, seed=0)
    assert list(found.weights.coefficients) == kept
    assert all(any(weights) for weights in found.weights.coefficients.values())


def test_a_difference_within_noise_is_no_reason_to_serve_a_single_source(learned):
    close = replace(learned, p_value=0.4)
    assert "blend is served" in str(close)
    assert "within noise (p = 0.4)" in str(close)


def test_with_nobody_to_learn_from_als_is_served(choices):
    few = np.arange(10)
    found = learn_blend({}, choices[0].take(few), choices[1], seed=0)
    assert found.served == ALS
    assert "Only 10 users have something to learn from" in str(found)


def test_a_sample_of_choices_has_each_user_once():
    items = np.arange(40, dtype=np.int32)
    relevant = sparse.csr_matrix((np.ones(40), (items, items)), shape=(40, 40))
    history = Histories.from_items([0], 1.0, 40).take(np.zeros(40, dtype=int))
    some = Choices(history, relevant).sample(30, np.random.default_rng(0))
    assert len(some) == len(set(some.relevant.indices)) == 30


def test_fifty_users_are_enough_to_learn_from(trained, choices):
    some = {AFTER: trained.sources[AFTER]}
    assert learn_blend(some, choices[0].take(np.arange(50)), choices[1], seed=0).n_users == 50
    found = learn_blend(some, choices[0].take(np.arange(49)), choices[1], seed=0)
    assert "Only 49 users have something to learn from" in str(found)


def test_users_without_a_chosen_candidate_do_not_count(trained, choices):
    """What is in the history is no candidate: nothing is learned from who took it again."""
    learning, judging = choices
    histories, relevant = learning.histories, learning.relevant.tolil()
    relevant[:100] = 0
    relevant[np.arange(100), histories.items[histories.indptr[:100]]] = 1
    some = {AFTER: trained.sources[AFTER]}
    found = learn_blend(some, Choices(histories, relevant.tocsr()), judging, seed=0)
    assert found.n_users == 500
    assert str(found).startswith("Learned from 500 users, judged by 600 on later interactions. ")


@dataclass(frozen=True)
class BestAtFour(Popularity):
    """Puts item 3 first if its half-life is 4, else further behind the farther off it is."""

    name, forgets = "after", True

    def scores(self, histories):
        found = super().scores(histories)
        found[:, 3] = 10 / (1 + abs(self.half_life - 4))
        return found


def test_the_half_life_of_the_best_ranking_is_chosen():
    histories = Histories.from_items([0], 1.0, 30).take(np.zeros(60, dtype=int))
    relevant = sparse.csr_matrix((np.ones(60), (np.arange(60), np.full(60, 3))), shape=(60, 30))
    source = BestAtFour(np.arange(1, 31))
    choices = Choices(histories, relevant)
    found = learn_blend({AFTER: source}, choices, choices, seed=0)
    assert found.weights.half_lives == {AFTER: 4.0}


def test_the_sentence_and_the_table_say_what_was_learned(learned):
    assert str(learned).startswith("Learned from 600 users, judged by 600 on later interactions. ")
    table = learned.table()
    assert set(table["source"]) == set(learned.validation) - {"blend"}
    a_long, b_long, a_short, b_short, a_trend, b_trend = learned.weights.coefficients[AFTER]
    (row,) = table.filter(source=AFTER).iter_rows(named=True)
    assert row["weight"] == pytest.approx(a_long + b_long, rel=1e-4)
    assert row["weight, short history"] == pytest.approx(a_short + b_short, rel=1e-5)
    assert row["if in demand"] == pytest.approx(a_trend + b_trend, rel=1e-4)
    unused = set(learned.validation) - {"blend", *learned.weights.coefficients}
    for name in unused:
        assert table.filter(source=name)["weight"].to_list() == [0]


def test_the_conditional_logit_finds_the_weights_that_made_the_choices():
    generator = np.random.default_rng(2)
    users, each = 4_000, 5
    features = generator.normal(size=(users * each, 3)).astype(np.float32)
    weights = np.array([1.5, 0.7, 0.0])
    noise = generator.gumbel(size=users * each)  # makes the choice a logit
    utility = (features @ weights + noise).reshape(users, each)
    chosen = np.zeros((users, each), dtype=bool)
    chosen[np.arange(users), utility.argmax(axis=1)] = True
    group = np.repeat(np.arange(users), each)
    found = fit_choices(Features.plain(features), chosen.ravel(), group, 1e-6)
    np.testing.assert_allclose(found, weights, atol=0.08)


def test_what_speaks_against_an_item_gets_no_weight():
    """The second feature was a reason not to choose; a weight must not be negative."""
    generator = np.random.default_rng(2)
    features = generator.normal(size=(5_000, 2)).astype(np.float32)
    utility = features @ np.array([1.0, -1.0]) + generator.gumbel(size=5_000)
    chosen = np.zeros((1_000, 5), dtype=bool)
    chosen[np.arange(1_000), utility.reshape(1_000, 5).argmax(axis=1)] = True
    found = fit_choices(
        Features.plain(features), chosen.ravel(), np.repeat(np.arange(1_000), 5), 1e-6
    )
    assert found[1] == 0
    assert found[0] > 0.5


@pytest.mark.parametrize("penalty", [1e-9, 0.1])
def test_the_solution_is_a_minimum_with_several_choices_and_users_without(penalty):
    """The gradient is 0 where a weight is above 0, and not below 0 where it is at that bound."""
    generator = np.random.default_rng(3)
    group = np.repeat(np.arange(40), 6)
    features = generator.normal(size=(240, 3)).astype(np.float32)
    chosen = generator.random(240) < 1 / (1 + np.exp(1 - features @ [0.8, -0.8, 0.4]))
    chosen[group < 5] = False
    found = fit_choices(Features.plain(features), chosen, group, penalty)
    scale = features[group >= 5].std(axis=0)

    def loss(weights):
        utility = features @ weights
        parts = [
            utility[(group == g) & chosen].sum()
            - chosen[group == g].sum() * np.log(np.exp(utility[group == g]).sum())
            for g in range(5, 40)
        ]
        return -sum(parts) / chosen.sum() + penalty * ((weights * scale) ** 2).sum()

    gradient = approx_fprime(found, loss, 1e-5)
    assert (found > 0).tolist() == [True, False, True]
    np.testing.assert_allclose(gradient[[0, 2]], 0, atol=3e-3)
    assert gradient[1] > 0


def test_features_are_products_of_bases_and_factors():
    generator = np.random.default_rng(5)
    base, factor = (generator.random((250_000, n), dtype=np.float32) for n in (4, 3))
    features = Features(base, factor)
    whole = (base[:, :, None] * factor[:, None, :]).reshape(len(base), -1).astype(np.float64)
    weights, values = generator.random(12), generator.random(len(base))
    assert features.shape == whole.shape
    np.testing.assert_allclose(features.times(weights), whole @ weights, rtol=1e-5)
    np.testing.assert_allclose(features.sums(values), whole.T @ values, rtol=1e-5)
    np.testing.assert_allclose(features.deviations(), whole.std(axis=0), rtol=1e-4)
    some = values > 0.5
    np.testing.assert_allclose(
        features.take(some).times(weights), (whole @ weights)[some], rtol=1e-5
    )


def test_nothing_chosen_is_refused():
    with pytest.raises(ValueError, match="no user chose"):
        fit_choices(
            Features.plain(np.ones((2, 1), np.float32)), np.zeros(2, bool), np.zeros(2, int), 1.0
        )


def test_relative_scores_are_shares_of_the_best_new_item():
    weights = np.array([[0, 8, 4, -1]] + [[0] * 4] * 3, dtype=np.float32)
    user = Histories.from_items([0, 1], 1.0, 4)
    found = score(Successors(sparse.csr_matrix(weights)), user).relative()
    assert found.tolist() == [[0, 1, 1, 0]]  # 8 / 4 is cut, for the user has that item


def test_candidates_are_new_items_with_a_score(trained, choices):
    histories, relevant = choices[0].histories, choices[0].relevant
    found = gather_candidates(trained.sources, histories, relevant)
    seen = histories.matrix(histories.confidences)
    assert not np.asarray(seen[found.user, found.item]).any()
    assert (np.diff(found.user) >= 0).all()
    assert found.chosen.sum() == len(histories)
    expected = score(trained.sources[ALS], histories).relative()[found.user, found.item]
    np.testing.assert_allclose(found.relative[:, found.names.index(ALS)], expected, rtol=1e-6)


def test_a_blend_is_the_sum_of_its_shares(split, learned):
    blend = blend_of(split, learned)
    for user in (0, 7):
        history = blend.histories.take(np.array([user]))
        scores = blend.user_scores(history)
        np.testing.assert_array_equal(scores.total, blend.scores_of(history))
        shares = sum(scores.shares(np.arange(history.n_items)).values())
        np.testing.assert_allclose(shares, scores.total[0], atol=1e-4)


def test_one_user_is_scored_as_in_a_batch(split, learned):
    blend = blend_of(split, learned)
    together = blend.scores(np.arange(20))
    for user in (0, 11, 19):
        np.testing.assert_allclose(blend.scores(np.array([user]))[0], together[user], atol=1e-5)


def test_weights_lie_between_those_of_a_short_and_of_a_long_history():
    """g = shortest / n: 1 for the shortest history, a half at twice that, and towards 0."""
    weights = BlendWeights({AFTER: (1.0, 2.0, 5.0, 0.0, 0.5, 0.25)}, {}, shortest=4)
    lengths = np.array([0, 1, 4, 8, 4_000_000])
    linear, root, *trend = weights.for_lengths(AFTER, lengths).T
    np.testing.assert_allclose(linear, [5, 5, 5, 3, 1], rtol=1e-5)
    np.testing.assert_allclose(root, [0, 0, 0, 1, 2], atol=1e-5)
    assert [weights.tolist() for weights in trend] == [[0.5] * 5, [0.25] * 5]


COEFFICIENTS = st.lists(st.floats(0, 100, width=32), min_size=6, max_size=6)


@given(COEFFICIENTS, st.integers(0, 10**9), st.integers(1, 30))
def test_no_weight_is_extrapolated_for_a_history_longer_than_any(coefficients, length, shortest):
    weights = BlendWeights({AFTER: tuple(coefficients)}, {}, shortest)
    found = weights.for_lengths(AFTER, np.array([length]))[0]
    for place in (0, 1):
        weight, ends = found[place], (coefficients[place], coefficients[place + 2])
        assert min(ends) * (1 - 1e-5) - 1e-6 <= weight <= max(ends) * (1 + 1e-5) + 1e-6
    assert (found >= 0).all()


def test_the_formula_of_the_blend_by_hand():
    """Items 1 to 3 are new; r of AFTER is 1, 0.25, 0 and the trend log(1 + count) / log(8).

    The history has twice the shortest length: the weights are halfway between long and short.
    """
    weights = sparse.csr_matrix(np.array([[9, 8, 2, 0]] + [[0] * 4] * 3, dtype=np.float32))
    sources = {AFTER: Successors(weights), RECENT: RecentPopularity(np.array([99, 1, 3, 7]))}
    user = Histories.from_items([0], 1.0, 4)
    learned = BlendWeights({AFTER: (1.0, 2.0, 2.0, 1.0, 3.0, 4.0)}, {}, shortest=1)
    blend = Blend(sources, learned, user)
    t = np.log([2, 4]) / np.log(8)
    # One item is the shortest history: a = 2, b = 1.
    expected = [(2 + 3 * t[0]) + (1 + 4 * t[0]), (2 + 3 * t[1]) / 4 + (1 + 4 * t[1]) / 2, 0]
    np.testing.assert_allclose(blend.scores_of(user)[0, 1:], expected, atol=1e-6)


def test_the_features_of_candidates_are_those_of_the_blend(trained, learned, choices):
    """Learned and served by the same formula, over every length of history."""
    sources = with_half_lives(trained.sources, learned.weights.half_lives)
    histories, relevant = choices[1].histories, choices[1].relevant
    generator = np.random.default_rng(4)
    drawn = {name: tuple(generator.random(TERMS).tolist()) for name in sources}
    weights = BlendWeights(drawn, learned.half_lives, learned.weights.shortest)
    found = gather_candidates(sources, histories, relevant, weights.shortest)
    coefficients = np.array([weights.coefficients[name] for name in found.names])
    expected = Blend(sources, weights, histories).scores_of(histories)[found.user, found.item]
    np.testing.assert_allclose(found.scores(coefficients), expected, rtol=1e-3, atol=1e-3)
    assert np.array_equal(as_coefficients(as_weights(coefficients), len(sources)), coefficients)


@dataclass(frozen=True)
class Given(CandidateSource):
    """Scores as they are given: one row for each user."""

    name = "given"
    table: np.ndarray

    @classmethod
    def train(cls, training):
        raise NotImplementedError

    @classmethod
    def load(cls, arrays, parts):
        raise NotImplementedError

    def scores(self, histories):
        return np.tile(self.table, (len(histories), 1)).astype(np.float32)


@settings(deadline=None, max_examples=50)  # the first call compiles
@given(
    tables=arrays(np.float32, (4, 5), elements=st.floats(-3, 10, width=32)),
    coefficients=arrays(np.float32, (4, TERMS), elements=st.floats(0, 100, width=32)),
    history=st.sampled_from([[0], [0, 1], [3, 0, 1]]),
    source=st.integers(0, 3),
    more=st.floats(0, 20, width=32),
)
def test_more_evidence_for_an_item_never_lowers_its_score(
    tables, coefficients, history, source, more
):
    """Whatever the weights, the history, the trend, and the source that says more of item 2."""
    names = (AFTER, ALS, POPULAR, RECENT)
    weights = BlendWeights(dict(zip(names, map(tuple, coefficients), strict=True)), {}, 2)
    user = Histories.from_items(history, 1.0, 5)

    def scores():
        sources = {name: Given(table) for name, table in zip(names, tables, strict=True)}
        return Blend(sources, weights, user).scores_of(user)[0]

    before = scores()
    tables[source, 2] += np.float32(more)
    after = scores()
    rounding = 1e-4 * (1 + abs(before).max())
    assert after[2] >= before[2] - rounding
    # Nor does it fall behind another new item that was behind it.
    assert after[2] - after[4] >= min(before[2] - before[4], 0) - rounding


class Counted(Successors):
    """Remembers how often it was asked."""

    asked = 0

    def scores(self, histories):
        type(self).asked += 1
        return super().scores(histories)


def test_a_source_is_asked_once_for_scores_and_shares():
    source = Counted(sparse.csr_matrix(np.array([[0, 2, 1]] + [[0] * 3] * 2, dtype=np.float32)))
    history = Histories.from_items([0], 1.0, 3)
    blend = Blend({AFTER: source}, BlendWeights.from_source(AFTER, {}), history)
    assert blend.user_scores(history).shares(np.array([1, 2]))[AFTER].tolist() == [1, 0.5]
    assert Counted.asked == 1


def test_popularity_orders_what_all_sources_call_equal():
    """And never outweighs what a source says."""
    weights = sparse.csr_matrix(np.array([[0, 5, 5, 4.999]] + [[0] * 4] * 3, dtype=np.float32))
    sources = {POPULAR: Popularity(np.array([1, 3, 7, 99])), AFTER: Successors(weights)}
    history = Histories.from_items([0], 1.0, 4)
    blend = Blend(sources, BlendWeights.from_source(AFTER, {}), history)
    scores = blend.scores_of(history)[0]
    assert np.argsort(-scores).tolist()[:3] == [2, 1, 3]
    popular = np.log1p([3, 7]) / np.log(100)
    np.testing.assert_allclose(scores[1:3] - 1, 1e-5 * popular, atol=1e-7)


def test_strangers_see_what_is_popular():
    counts = np.array([3, 9, 1])
    sources = {POPULAR: Popularity(counts), AFTER: Successors(sparse.csr_matrix((3, 3)))}
    nobody = Histories.from_items([], 1.0, 3)
    learned_from_others = BlendWeights({AFTER: (3.0, *[0.0] * 5)}, {}, shortest=20)
    for weights in (BlendWeights.from_source(AFTER, {}), learned_from_others):
        blend = Blend(sources, weights, nobody)
        assert np.argsort(-blend.scores_of(nobody)[0]).tolist() == [1, 0, 2]
        assert list(blend.user_scores(nobody).shares(np.array([1]))) == [POPULAR]
