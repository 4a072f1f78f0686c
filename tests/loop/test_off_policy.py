"""Off-policy estimates on a world with a known truth."""

import numpy as np
import pytest

from recsys_lib.errors import ThinSupportError
from recsys_lib.loop.off_policy import METHODS, RandomPlaces, difference, estimate
from tests.support.explored_world import POLICIES, logged, places, truth


def errors(policy, worlds, lists):
    """Method -> errors of its estimate, and whether its interval has the truth, by world."""
    found = {method: ([], []) for method in METHODS}
    for world in worlds:
        for method, value in estimate(places(world, policy), enough=20).items():
            found[method][0].append(value.value - truth(policy))
            found[method][1].append(value.low <= truth(policy) <= value.high)
    return {method: (np.array(e), np.array(c)) for method, (e, c) in found.items()}


@pytest.fixture(scope="module")
def worlds():
    return [logged(seed, 2_000) for seed in range(80)]


@pytest.mark.parametrize("policy", ["best for each taste", "one item for all"])
def test_estimates_are_unbiased_and_their_intervals_hold(worlds, policy):
    for method, (wrong, covered) in errors(policy, worlds, 2_000).items():
        assert abs(wrong.mean()) < 4 * wrong.std() / np.sqrt(len(wrong)) + 0.002, method
        assert covered.mean() >= 0.86, method


def test_what_was_logged_alone_is_far_from_the_truth(worlds):
    """The world can tell: the mean of the clicks where item and choice agree is no estimate."""
    naive = np.array([world[3].mean() for world in worlds]) - truth("best for each taste")
    assert abs(naive.mean()) > 0.03


def test_the_better_candidate_is_found(worlds):
    for world in worlds[:10]:
        gap = difference(
            places(world, "one item for all"), places(world, "best for each taste"), 50
        )
        assert gap.low > 0
    true = truth("best for each taste") - truth("one item for all")
    gaps = [
        difference(places(world, "one item for all"), places(world, "best for each taste"), 20)
        for world in worlds
    ]
    assert np.mean([gap.low <= true <= gap.high for gap in gaps]) >= 0.86


def test_thin_support_is_refused():
    world = logged(1, 2_000)
    found = places(world, "best for each taste")
    never = RandomPlaces(
        found.outcome, found.propensity, 0 * found.target, *[found.forecast] * 2, found.person
    )
    assert never.effective == 0
    with pytest.raises(ThinSupportError, match="count as 0, and it takes 100"):
        estimate(never)
    with pytest.raises(ThinSupportError, match=r"of 2,000 random choices .* takes 5,000"):
        estimate(found, enough=5_000)
    with pytest.raises(ThinSupportError):
        difference(found, never)


def test_bounds_of_a_share_are_shares():
    n = 400
    clicked = np.zeros(n)
    clicked[:2] = 1
    none, same = np.zeros(n), np.ones(n)
    rare = RandomPlaces(clicked, same, same, none, none, np.arange(n))
    always = RandomPlaces(1 - clicked, same, same, none, none, np.arange(n))
    for method in METHODS:
        assert estimate(rare)[method].low == 0
        assert estimate(always)[method].high == 1


def test_one_list_with_a_large_weight_is_no_support():
    n = 1_000
    propensity = np.full(n, 0.9)
    propensity[0] = 1e-4
    one = np.ones(n)
    found = RandomPlaces(one, propensity, one, one, one, np.arange(n))
    assert found.effective < 2


def test_lists_of_one_person_are_not_many_answers(worlds):
    found = places(worlds[0], "best for each taste")
    apart = estimate(found)["dr"]
    clustered = RandomPlaces(
        *(
            np.repeat(getattr(found, name), 4)
            for name in ("outcome", "propensity", "target", "forecast", "target_forecast", "person")
        )
    )
    same = estimate(clustered)["dr"]
    assert same.value == pytest.approx(apart.value)
    assert same.high - same.low == pytest.approx(apart.high - apart.low, rel=1e-6)


def test_a_candidate_that_chooses_as_was_logged_has_the_logged_rate():
    person, _, _, clicked, propensity = logged(3, 3_000)
    none = np.zeros(3_000)
    same = RandomPlaces(clicked, propensity, propensity, none, none, person)
    assert same.effective == pytest.approx(3_000)
    for value in estimate(same).values():
        assert value.value == pytest.approx(clicked.mean())


@pytest.mark.slow
def test_table_of_bias_and_coverage(capsys):
    """Printed with -s; the bounds are narrow, since there are many worlds."""
    many = [logged(seed, 5_000) for seed in range(400)]
    rows = []
    for policy in POLICIES:
        effective = np.median([places(world, policy).effective for world in many])
        for method, (wrong, covered) in errors(policy, many, 5_000).items():
            rows.append((policy, truth(policy), effective, method, wrong, covered))
            assert abs(wrong.mean()) < 0.005
            assert covered.mean() > (0.9 if policy != "worst item" else 0.8)
    with capsys.disabled():
        print("\n| candidate | truth | effective lists | estimate | bias | sd | coverage |")
        print("|---|---|---|---|---|---|---|")
        for policy, true, effective, method, wrong, covered in rows:
            print(
                f"| {policy} | {true:.3f} | {effective:,.0f} | {method} | {wrong.mean():+.4f} | "
                f"{wrong.std():.4f} | {covered.mean():.1%} |"
            )
