"""A training that was killed goes on where it was, to the same factors bit for bit."""

import dataclasses

import numpy as np
import pytest

from recsys_lib import checkpoints
from recsys_lib.als import choose_parameters, train_als
from recsys_lib.als.defaults import _Judge
from recsys_lib.checkpoints import Checkpoints
from recsys_lib.parameters import AlsParameters, AlsSettings
from tests.support.taste_world import world

EXACT = AlsParameters(factors=6, iterations=8, tolerance=0, num_threads=1, solver="exact")
CG = EXACT.model_copy(update={"solver": "cg"})
VALIDATED = EXACT.model_copy(update={"validation_users": 40, "iterations": 30})


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Keep the state after every iteration."""
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoints, "_MOST_SHARE", np.inf)


def killed_after(n, data, parameters, folder):
    """Train until ``n`` iterations were told."""

    def tell(_):
        told.append(1)
        if len(told) == n:
            raise KilledError

    told = []
    with pytest.raises(KilledError):
        train_als(data, parameters, tell, checkpoints=Checkpoints(folder))


def without_seconds(history):
    return [dataclasses.replace(iteration, seconds=0.0) for iteration in history]


@pytest.mark.parametrize("parameters", [EXACT, CG, VALIDATED], ids=["exact", "cg", "validated"])
@pytest.mark.parametrize("killed", [[1], [4], [3, 5]])
def test_a_killed_training_goes_on_to_the_same_factors(parameters, killed, tmp_path):
    data, told = world(), []
    whole = train_als(data, parameters)
    for n in killed:
        killed_after(n, data, parameters, tmp_path)
    kept = Checkpoints(tmp_path)
    resumed = train_als(data, parameters, told.append, checkpoints=kept)
    assert np.array_equal(whole.user_factors, resumed.user_factors)
    assert np.array_equal(whole.item_factors, resumed.item_factors)
    assert without_seconds(whole.history) == without_seconds(resumed.history)
    assert without_seconds(whole.validation) == without_seconds(resumed.validation)
    assert told == [*resumed.validation, *resumed.history]
    kept.remove()
    assert not tmp_path.exists()


def test_what_was_done_is_not_done_again(tmp_path):
    data = world()
    killed_after(6, data, EXACT, tmp_path)
    (kept,) = tmp_path.iterdir()
    with np.load(kept) as arrays:  # the sixth was not kept: its callback ended the process
        seconds = arrays["history"][:, 1]
    resumed = train_als(data, EXACT, checkpoints=Checkpoints(tmp_path))
    assert [iteration.seconds for iteration in resumed.history[:5]] == seconds.tolist()


def test_other_data_parameters_or_factors_to_start_from_do_not_use_it(tmp_path):
    data = world()
    killed_after(5, data, EXACT, tmp_path)
    (kept,) = tmp_path.iterdir()
    content = kept.read_bytes()
    others = [
        (data, EXACT.model_copy(update={"alpha": 7.0}), None),
        (data.select(np.arange(len(data)) > 0), EXACT, None),
        (data, EXACT, np.ones((len(data.items), 6), np.float32)),
    ]
    for interactions, parameters, start in others:
        alone = train_als(interactions, parameters, start=start)
        kept_beside = Checkpoints(tmp_path)
        beside = train_als(interactions, parameters, start=start, checkpoints=kept_beside)
        assert np.array_equal(alone.item_factors, beside.item_factors)
        assert kept.read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 1 + len(others)


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda _: b"", lambda _: b"no"])
def test_a_damaged_checkpoint_is_said_and_not_used(damage, tmp_path):
    data = world()
    killed_after(5, data, EXACT, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(damage(kept.read_bytes()))
    with pytest.warns(UserWarning, match=f"{kept.name} is damaged .*, so it starts anew"):
        resumed = train_als(data, EXACT, checkpoints=Checkpoints(tmp_path))
    assert np.array_equal(resumed.item_factors, train_als(data, EXACT).item_factors)


def test_a_flipped_byte_is_noticed(tmp_path):
    data = world()
    killed_after(5, data, EXACT, tmp_path)
    (kept,) = tmp_path.iterdir()
    content = bytearray(kept.read_bytes())
    content[len(content) // 3] ^= 1
    kept.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged"):
        train_als(data, EXACT, checkpoints=Checkpoints(tmp_path))


def test_training_goes_on_where_no_checkpoint_can_be_written(tmp_path):
    folder = tmp_path / "a file"
    folder.write_text("")
    with pytest.warns(UserWarning, match="no checkpoint was kept: .*a file") as warned:
        train_als(world(), EXACT, checkpoints=Checkpoints(folder))
    assert len(warned) == 1


def test_short_trainings_write_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS", 60.0)
    killed_after(5, world(), EXACT, tmp_path)
    assert not list(tmp_path.iterdir())


def test_trials_of_parameters_are_not_repeated(tmp_path, monkeypatch):
    data, settings = world(), AlsSettings(num_threads=1)
    whole, judge, tried = choose_parameters(data, settings), _Judge.ndcg, []

    def ndcg(self, parameters):
        tried.append(parameters)
        if len(tried) == 3:
            raise KilledError
        return judge(self, parameters)

    monkeypatch.setattr(_Judge, "ndcg", ndcg)
    with pytest.raises(KilledError):
        choose_parameters(data, settings, Checkpoints(tmp_path))
    resumed = choose_parameters(data, settings, Checkpoints(tmp_path))
    assert len(whole.trials) >= 3
    assert len(tried) == len(whole.trials) + 1
    assert resumed.parameters == whole.parameters
    assert resumed.trials.equals(whole.trials)
