"""Thompson sampling: its probabilities are those of drawing, and of what is drawn."""

import random
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from recsys_lib.errors import ArtifactError
from recsys_lib.loop import Event, ServedList, Shown
from recsys_lib.loop import exploration as exploration_module
from recsys_lib.loop.exploration import (
    EXPLORED,
    ExplorePolicy,
    explored,
    next_policy,
)
from recsys_lib.loop.store import connect, insert
from recsys_lib.loop.thompson import EVEN, PRIOR, Thompson

COUNTS = np.array([[0, 0], [0, 40], [3, 40], [30, 500], [80, 999], [1, 2]])
POLICY = ExplorePolicy(3, ("a", "b", "c"), (0, 4, 1), (30, 40, 0))


def mixed(wins):
    """With the choices that are made without looking at the counts."""
    return (1 - EVEN) * wins + EVEN / len(wins)


def test_probabilities_are_those_of_drawing_rates():
    taken, shown = COUNTS.T
    found = Thompson(taken, shown).probabilities()
    draws = np.random.default_rng(1).beta(
        PRIOR[0] + taken, PRIOR[1] + shown - taken, (200_000, len(COUNTS))
    )
    wins = np.bincount(draws.argmax(axis=1), minlength=len(COUNTS)) / len(draws)
    assert np.abs(found - mixed(wins)).max() < 5 * 0.5 / np.sqrt(len(draws))
    rows = np.array([1, 2, 5])
    among = np.bincount(draws[:, rows].argmax(axis=1), minlength=3) / len(draws)
    assert np.abs(Thompson(taken, shown).probabilities(rows) - mixed(among)).max() < 0.006


def test_two_items_against_the_closed_form():
    """P(X > Y) of X ~ Beta(2, 19), Y ~ Beta(1, 19) is 1 - 19 B(2, 38) / B(2, 19)."""
    expected = 1 - (1 / 38 / 39) / (1 / 19 / 20)
    found = Thompson(np.array([1, 0]), np.array([1, 0])).probabilities()
    assert found[0] == pytest.approx(mixed(np.array([expected, 1 - expected]))[0], abs=1e-6)


def test_what_is_logged_is_how_often_it_is_drawn():
    generator = random.Random(3)
    drawn = [POLICY.draw({"x", "c"}, generator) for _ in range(20_000)]
    counts = Counter(item for item, _ in drawn)
    assert set(counts) == {"a", "b"}
    for item, propensity in set(drawn):
        assert counts[item] / len(drawn) == pytest.approx(propensity, abs=0.015)
    assert POLICY.draw({"a", "b", "c"}, generator) is None


def test_a_policy_is_kept_under_its_name(tmp_path):
    POLICY.save(tmp_path)
    POLICY.save(tmp_path)
    assert ExplorePolicy.load(tmp_path, POLICY.name) == POLICY
    (path,) = (tmp_path / "policies").iterdir()
    path.write_text(path.read_text().replace("30", "31"))
    with pytest.raises(ArtifactError, match="was changed"):
        ExplorePolicy.load(tmp_path, POLICY.name)
    path.write_text("{}")
    with pytest.raises(ArtifactError, match="is damaged"):
        ExplorePolicy.load(tmp_path, POLICY.name)
    path.unlink()
    with pytest.raises(ArtifactError, match="is missing"):
        ExplorePolicy.load(tmp_path, POLICY.name)


def test_counts_come_from_the_log(tmp_path, monkeypatch):
    time = "2026-03-01T12:00:00.000000Z"
    new = Shown("a", 2, 1.0, EXPLORED, 0.25)
    lists = [
        ServedList("v", (Shown("x", 1, 1.0), new), list_id=f"l{n}", user_id=f"u{n}", time=time)
        for n in range(4)
    ]
    usual = ServedList("v", (Shown("a", 1, 1.0),), list_id="usual", user_id="u0", time=time)
    clicks = [Event("click", "a", "l0", time=time), Event("click", "x", "l1", time=time)]
    clicks += [Event("click", "a", "usual", time=time)]
    connection = connect(tmp_path)
    insert(connection, [*lists, usual], [clicks])
    connection.close()
    rows = explored(tmp_path)
    assert rows.select("item_id", "clicked", "propensity").sum().row(0)[1:] == (1, 1.0)
    policy = next_policy(2, ["a", "b"], rows)
    assert dict(zip(policy.items, policy.shown, strict=True)) == {"a": 4, "b": 0}
    assert dict(zip(policy.items, policy.taken, strict=True)) == {"a": 1, "b": 0}
    assert explored(tmp_path, datetime(2026, 3, 2, tzinfo=UTC)).is_empty()
    monkeypatch.setattr(exploration_module, "ENOUGH_SHOWN", 4)
    assert next_policy(2, ["a", "b"], rows) is None
    assert next_policy(2, ["a", "b", "c"], rows).items in (("b", "c"), ("c", "b"))


def test_a_pool_has_a_fixed_order_and_size():
    rows = pl.DataFrame(schema={"item_id": pl.Categorical(), "clicked": pl.Boolean()})
    many = [f"i{n}" for n in range(200)]
    pool = next_policy(1, many, rows).items
    assert len(pool) == exploration_module.POOL
    assert next_policy(1, many[::-1], rows).items == pool
