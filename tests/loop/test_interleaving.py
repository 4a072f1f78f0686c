"""Team draft: fair to both rankings, and an interval of people's preference that holds."""

import random
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from recsys_lib.errors import QueryError
from recsys_lib.loop.arm_comparison import half_width
from recsys_lib.loop.assignment import CHALLENGER, CHAMPION, NO_TEAM
from recsys_lib.loop.interleaving import FIRST, SECOND, coin_of, team_draft
from recsys_lib.loop.team_comparison import compare_teams

START = datetime(2026, 3, 1, tzinfo=UTC)
N = 4


def names(text):
    return [[letter] for letter in text]


def drafted(first, second, n, seed):
    rankings = (first, second)
    draws = team_draft(names(first), names(second), n, random.Random(seed))
    return [(rankings[team][place], team) for team, place in draws]


@pytest.mark.parametrize("seed", range(20))
def test_teams_take_turns_and_each_adds_its_best_item_that_is_left(seed):
    found = drafted("abcdef", "cdabxy", 6, seed)
    items = "".join(item for item, _ in found)
    assert len(set(items)) == 6
    for turn in range(3):
        assert {team for _, team in found[2 * turn : 2 * turn + 2]} == {FIRST, SECOND}
    for at, (item, team) in enumerate(found):
        left = [one for one in ("abcdef", "cdabxy")[team] if one not in items[:at]]
        assert item == left[0]


def test_each_team_begins_half_of_the_turns():
    begun = [drafted("ab", "cd", 1, seed)[0][1] for seed in range(1_000)]
    assert 440 <= sum(begun) <= 560


def test_short_and_equal_rankings():
    assert [item for item, _ in drafted("a", "abcd", 9, 1)] == list("abcd")
    assert sorted(item for item, _ in drafted("ab", "ab", 9, 1)) == ["a", "b"]
    assert drafted("", "", 3, 1) == []
    with_variants = team_draft([["a", "a-red"], ["b"]], [["a-red"], ["c"]], 9, random.Random(1))
    assert len(with_variants) == 3


def test_the_coin_is_that_of_the_person_and_the_question():
    falls = [coin_of("v2", f"u{n}", "user").getrandbits(8) for n in range(50)]
    assert falls == [coin_of("v2", f"u{n}", "user").getrandbits(8) for n in range(50)]
    assert len(set(falls)) > 40
    assert coin_of("v3", "u1", "user").getrandbits(64) != coin_of("v2", "u1", "user").getrandbits(
        64
    )


def sides(seed, people, better):
    """Who took more of which team: people like some of 8 items, which the rankings know partly."""
    generator = np.random.default_rng(seed)
    likes = generator.random((people, 8)) < 0.3
    noise = generator.standard_normal((2, people, 8))
    known = likes * np.array([0.5, 0.5 + better])[:, None, None] + noise
    orders = np.argsort(-known)[:, :, :N].astype(str)
    seen = generator.random((people, N)) < 1 / np.sqrt(np.arange(1, N + 1))
    found = []
    for person in range(people):
        rankings = orders[:, person, :, None].tolist()
        taken = [0, 0]
        for place, (team, at) in enumerate(team_draft(*rankings, N, random.Random(person))):
            taken[team] += likes[person, int(rankings[team][at][0])] and seen[person, place]
        if any(taken):
            found.append(np.sign(taken[SECOND] - taken[FIRST]))
    return np.array(found, dtype=float)


@pytest.mark.parametrize(("better", "sign"), [(0.0, 0), (1.5, 1)])
def test_sign_and_coverage_over_200_worlds(better, sign):
    """At all looks together the interval is left in 5 % of the worlds; the better team wins."""
    worlds = [sides(seed, 200, better) for seed in range(200)]
    truth = float(np.concatenate(worlds).mean()) if sign else 0.0
    missed, decided = 0, []
    for values in worlds:
        looks = range(50, len(values), 20)
        means = [values[:n].mean() for n in looks]
        halves = [half_width(float(values[:n].std()), n) for n in looks]
        missed += any(abs(m - truth) > half for m, half in zip(means, halves, strict=True))
        decided += [np.sign(means[-1])] if abs(means[-1]) > halves[-1] else []
    assert missed <= 15
    assert len(decided) <= 10 if sign == 0 else len(decided) > 150
    assert set(decided) <= {1.0} if sign else True


def log(sides, extra=()):
    """A list of two items for each person, who clicks on that of a team, on both or on none."""
    clicks = {CHAMPION: (True, False), CHALLENGER: (False, True), "tie": (True, True)}
    rows = [
        (f"u{n}", START + timedelta(hours=n), team, clicked)
        for n, side in enumerate(sides)
        for team, clicked in zip(
            (CHAMPION, CHALLENGER), clicks.get(side, (False, False)), strict=True
        )
    ]
    frame = pl.DataFrame(
        [*rows, *extra], ["user_id", "time", "team", "clicked"], orient="row"
    ).with_columns(session_id=pl.lit(None, dtype=pl.String))
    return frame.with_columns(
        pl.lit(value=False).alias(n) for n in ("carted", "purchased", "dismissed")
    )


def test_wins_ties_and_who_does_nothing():
    shown = log([CHAMPION] * 30 + [CHALLENGER] * 90 + ["tie"] * 20 + [""] * 60)
    found = compare_teams(shown)
    assert (found.people, found.wins, found.ties) == (200, {CHAMPION: 30, CHALLENGER: 90}, 20)
    assert found.preference == pytest.approx(60 / 140)
    assert (found.verdict, found.days_left) == ("better", None)
    assert found.sentence.endswith("the challenger is better")
    turned = log([CHALLENGER] * 30 + [CHAMPION] * 90 + ["tie"] * 20)
    assert compare_teams(turned).verdict == "worse"


def test_people_without_a_preference_need_more_days_or_no_more():
    some = compare_teams(log([CHAMPION, CHALLENGER] * 60))
    assert some.verdict == "too early"
    assert some.days_left > 5
    assert f"too early to say, some {some.days_left:,} more days" in some.sentence
    many = compare_teams(log([CHAMPION, CHALLENGER] * 2_000))
    assert many.verdict == "no difference that matters"
    few = compare_teams(log([CHALLENGER] * 40))
    assert few.verdict == "too early"
    nobody = compare_teams(log([""] * 40))
    assert nobody.verdict == "too early"
    assert nobody.sentence.endswith("too early to say")


def test_items_of_no_team_and_lists_of_nobody_do_not_count():
    sides = [CHAMPION] * 40 + [CHALLENGER] * 80
    extra = [("u0", START, NO_TEAM, True), (None, START, CHAMPION, True)]
    assert compare_teams(log(sides, extra)) == compare_teams(log(sides))
    with pytest.raises(QueryError, match="--interleave"):
        compare_teams(log(sides).filter(pl.lit(value=False)))
    with pytest.raises(QueryError, match="choose from clicked"):
        compare_teams(log(sides), "click")
