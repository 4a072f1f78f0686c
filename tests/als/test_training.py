"""Where the training begins, where it ends, and on what device."""

import numpy as np
import pytest

from recsys_lib.als import AlsModel, Iteration, WarmStart, train_als
from recsys_lib.als.inspection import training_curve
from recsys_lib.als.training import _overfits
from recsys_lib.als.validation import Holdout
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry.history import change_champion
from tests.support.taste_world import stored, world

PARAMETERS = AlsParameters(factors=6, iterations=30, tolerance=0, num_threads=1)
VALIDATED = PARAMETERS.model_copy(update={"validation_users": 20})


def test_the_last_interaction_of_some_users_is_held_out():
    data = world()
    holdout = Holdout.from_interactions(data, VALIDATED)
    assert len(holdout.rest) == len(data) - 20
    last = {int(u): int(i) for u, i in zip(data.user, data.item, strict=True)}
    kept = set(zip(holdout.rest.user.tolist(), holdout.rest.item.tolist(), strict=True))
    held = [user for user in range(60) if (user, last[user]) not in kept]
    assert [last[user] for user in held] == holdout.items.tolist()
    assert (holdout.histories.getnnz(axis=1) == 7).all()


def test_recall_is_one_for_the_factors_that_know_and_zero_for_the_opposite():
    data = world()
    holdout = Holdout.from_interactions(data, VALIDATED)
    tastes = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
    # Of the ten items of the taste seven are in the history: the held-out one is among three.
    assert holdout.recall(tastes) == 1.0
    noise = np.random.default_rng(0).random((30, 3), dtype=np.float32)
    assert holdout.recall(noise) < 1.0


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_factors_that_are_all_equal_score_at_chance(value):
    """Ten of the items that a user does not have are in the list, whichever they are."""
    data = world(users=300, items=60)
    drawn = [PARAMETERS.model_copy(update={"validation_users": 300, "seed": n}) for n in range(5)]
    alike = np.full((60, 1), value, dtype=np.float32)
    recalls = [Holdout.from_interactions(data, one).recall(alike) for one in drawn]
    assert np.mean(recalls) == pytest.approx(10 / (60 - 7), rel=0.2)


def test_nobody_to_validate_with_is_an_error():
    data = world(kept=1.0)
    first = np.unique(data.user, return_index=True)[1]
    single = data.select(np.isin(np.arange(len(data)), first))
    with pytest.raises(ParameterError, match=r"als\.validation_users needs users with two"):
        train_als(single, PARAMETERS.model_copy(update={"validation_users": 5}))


def test_the_second_training_stops_where_recall_was_best():
    parameters = PARAMETERS.model_copy(update={"validation_users": 40})
    trained = train_als(world(), parameters)
    recalls = [iteration.recall for iteration in trained.validation]
    best = int(np.argmax(recalls)) + 1
    assert len(trained.history) == best
    assert len(recalls) == min(best + 3, 30)
    assert f"iteration {best} of {len(recalls)}" in trained.reason
    assert len(training_curve(trained).axes) == 2


def test_patience_is_three_iterations():
    def history(*recalls):
        return [Iteration(n, 0.0, 1.0, recall) for n, recall in enumerate(recalls, start=1)]

    assert not _overfits(history(0.1, 0.3, 0.2, 0.2))
    assert _overfits(history(0.1, 0.3, 0.2, 0.2, 0.3))
    assert not _overfits(history(0.1, 0.3, 0.2, 0.2, 0.4))


def test_a_warm_start_matches_ids_and_needs_fewer_passes(workspace):
    dataset = Dataset.find("shop", root=workspace)
    settle = PARAMETERS.model_copy(update={"tolerance": 1e-4, "iterations": 200})
    before = world(kept=0.9)
    stored(dataset.version("old") / "als", before, settle)
    grown = world(users=63, items=33)
    warm = settle.model_copy(update={"warm_start": "old"})
    start = WarmStart.from_version(dataset, warm, grown.items)
    assert (start.version, start.n_known) == ("old", 30)
    assert start.description == "version old, which knew 30 of 33 items"
    old = AlsModel.load(dataset.version("old") / "als").part.array("item_factors.npy")
    assert (start.factors[:30] == old).all()
    assert (np.abs(start.factors[30:]) <= 0.01).all()
    cold, fast = train_als(grown, settle), train_als(grown, warm, start=start.factors)
    assert fast.losses[0] < cold.losses[0]
    assert len(fast.history) < len(cold.history)
    assert fast.losses[-1] == pytest.approx(cold.losses[-1], rel=0.02)


def test_without_a_champion_the_start_is_random_and_other_factors_are_refused(workspace):
    dataset, data = Dataset.find("shop", root=workspace), world()
    warm = PARAMETERS.model_copy(update={"warm_start": "champion"})
    start = WarmStart.from_version(dataset, warm, data.items)
    assert start.factors is None and start.description == "random factors"
    change_champion(dataset, "one-first", reason="search is there", by="run")  # without factors
    assert WarmStart.from_version(dataset, warm, data.items).factors is None
    stored(dataset.version("old") / "als", data, PARAMETERS)
    other = PARAMETERS.model_copy(update={"warm_start": "old", "factors": 5})
    with pytest.raises(ParameterError, match="version old has 6 factors, not 5"):
        WarmStart.from_version(dataset, other, data.items)


def test_what_conjugate_gradient_cannot_do_is_refused_by_name():
    with pytest.raises(ValueError, match="solver cg supports neither frequency_scaling"):
        AlsParameters(solver="cg", frequency_scaling=0.5)
