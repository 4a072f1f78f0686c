"""An evaluation that was killed goes on after its last finished stage, to equal results."""

import numpy as np
import polars as pl
import pytest

from recsys_lib import checkpoints
from recsys_lib.blend import Parts, TrainedBlend
from recsys_lib.blend.sources import SEQUENCE, Sequence
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation import evaluate_version, version
from recsys_lib.evaluation.unfinished import blend_from_arrays, blend_to_arrays
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, EvaluateParameters
from recsys_lib.paths import Dataset

PARAMETERS = EvaluateParameters(k_values=[5, 10], max_users=60, seed=7, sequence="off")


class KilledError(Exception):
    """Stands for the end of the process."""


def killed(*_, **__):
    raise KilledError


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)


def ring():
    """Eighty users walk along a ring of twelve items."""
    user = np.repeat(np.arange(80, dtype=np.int32), 6)
    item = (user + np.tile(np.arange(6), 80)).astype(np.int32) % 12
    users, items = IdMap(map(str, range(80))), IdMap(map(str, range(12)))
    return Interactions(users, items, user, item, np.ones(480, np.float32), np.arange(480))


def started(root, parameters=PARAMETERS):
    """The evaluation of a version; its interactions and parts are not read from files."""
    found = evaluate_version(Dataset("ring", root / "raw", root), "v1", parameters)
    found.__dict__["interactions"] = ring()
    found.__dict__["parts"] = Parts(AlsParameters(factors=4, iterations=2), pl.DataFrame(), None)
    return found


def test_stages_that_were_done_are_not_done_again(tmp_path, monkeypatch):
    whole = started(tmp_path / "other")
    expected = whole.evaluation

    with monkeypatch.context() as patched:  # killed after the blend was learned
        patched.setattr(version, "models_to_compare", killed)
        with pytest.raises(KilledError):
            _ = started(tmp_path).evaluation
    with monkeypatch.context() as patched:  # the blend is known; killed when lists were made
        patched.setattr(version, "learn", killed)
        assert started(tmp_path).learned == whole.learned
        _ = started(tmp_path).evaluation
    with monkeypatch.context() as patched:
        patched.setattr(version, "learn", killed)
        patched.setattr(version, "evaluate", killed)
        patched.setattr(version, "models_to_compare", killed)
        resumed = started(tmp_path)
        found = resumed.evaluation
    assert found.models == expected.models
    for model in expected.models:
        assert np.array_equal(found.lists[model], expected.lists[model])
    assert found.results.equals(expected.results)
    assert found.per_user_table().equals(expected.per_user_table())
    assert (found.served, found.seed) == (expected.served, expected.seed)
    assert np.array_equal(found.split.test_users, expected.split.test_users)

    with monkeypatch.context() as patched:  # other parameters find nothing
        patched.setattr(version, "learn", killed)
        with pytest.raises(KilledError):
            _ = started(tmp_path, PARAMETERS.model_copy(update={"seed": 8})).learned

    folder = resumed.dataset.checkpoints
    assert len(list(folder.iterdir())) == 2
    resumed.checkpoints.remove()
    assert not folder.exists()


def test_a_damaged_stage_is_computed_again(tmp_path, monkeypatch):
    first = started(tmp_path)
    learned = first.learned
    (kept,) = first.dataset.checkpoints.iterdir()
    kept.write_bytes(kept.read_bytes()[:-40])
    with pytest.warns(UserWarning, match="is damaged .*, so it starts anew"):
        again = started(tmp_path)
        assert again.learned == learned
    again.checkpoints.remove()


def test_the_sequence_model_is_kept_to_go_on_from(tmp_path):
    learned = started(tmp_path).learned
    weights = {name: np.full((2, 3), n, np.float32) for n, name in enumerate(("items", "places"))}
    trained = TrainedBlend({SEQUENCE: Sequence(weights)}, learned)
    restored = blend_from_arrays(blend_to_arrays(trained))
    assert restored.learned == learned
    found = restored.sources[SEQUENCE].arrays()
    assert found.keys() == weights.keys()
    assert all(np.array_equal(found[name], weights[name]) for name in weights)
