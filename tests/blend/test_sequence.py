"""The sequence model: trained with PyTorch, served with NumPy."""

from dataclasses import replace

import numpy as np
import pytest

from recsys_lib.blend import Histories, SourceOptions
from recsys_lib.blend.sources import Sequence, Training, lacks_pytorch
from recsys_lib.blend.sources._attention import last_states
from recsys_lib.blend.sources.sequence import _epochs
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters

N = 24


@pytest.fixture(scope="module")
def small():
    """A model of a size that trains in seconds."""
    from recsys_lib.blend.sources._transformer import SequenceParameters

    return SequenceParameters(width=32, heads=2, dropout=0.1, epochs=12, learning_rate=0.01)


@pytest.fixture(scope="module")
def trained(ordered, small):
    from recsys_lib.blend.sources._transformer import train_transformer

    histories = Histories.from_interactions(ordered, AlsParameters())
    return Sequence(train_transformer(histories.indptr, histories.items, N, small, seed=3))


def test_numpy_gives_what_pytorch_gives():
    import torch

    from recsys_lib.blend.sources._transformer import SequenceParameters, Transformer

    torch.manual_seed(0)
    model = Transformer(9, SequenceParameters(width=8, blocks=2, heads=2)).eval()
    items = np.array([[3, 1, 4, 0], [5, 8, 0, 0]])
    with torch.no_grad():
        states = model(torch.from_numpy(items)).numpy()
    found = last_states(model.arrays(), items, np.array([4, 2]))
    np.testing.assert_allclose(found, states[[0, 1], [3, 1]], atol=1e-5)


def test_it_learns_what_comes_next(trained):
    """On the ring the next number follows; which one came last decides, not what was taken."""
    for items in ([4, 5, 6], [23], [9, 8, 2]):
        scores = trained.scores(Histories.from_items(items, 1.0, N))[0]
        assert scores.argmax() == (items[-1] + 1) % N


def test_a_batch_is_scored_like_each_user(trained):
    histories = Histories.from_items([4, 5, 6, 11], 1.0, N).take(np.array([0, 0]))
    histories.strength[[0, 4, 5, 6]] = 0  # says nothing: as if it were not there
    found = trained.scores(histories)
    for row, items in enumerate(([5, 6, 11], [11])):
        alone = trained.scores(Histories.from_items(items, 1.0, N))[0]
        np.testing.assert_allclose(found[row], alone, atol=1e-4)


def test_strangers_get_nothing(trained):
    assert not trained.scores(Histories.from_items([], 1.0, N)).any()


def test_training_goes_on_from_earlier_weights(ordered, small, trained):
    from recsys_lib.blend.sources._transformer import train_transformer

    histories = Histories.from_interactions(ordered, AlsParameters())
    arguments = (histories.indptr, histories.items, N, replace(small, epochs=1))
    again = train_transformer(*arguments, seed=4, start=trained.weights)
    fresh = train_transformer(*arguments, seed=4)
    before = trained.weights["items"].ravel()
    assert np.corrcoef(again["items"].ravel(), before)[0, 1] > 0.9
    assert np.corrcoef(fresh["items"].ravel(), before)[0, 1] < 0.5


@pytest.mark.slow
def test_the_source_trains_with_its_own_parameters(ordered):
    source = Sequence.train(
        Training(ordered, AlsParameters(), options=SourceOptions(sequence="on", seed=3))
    )
    assert source.scores(Histories.from_items([4, 5, 6], 1.0, N))[0].argmax() == 7
    assert set(source.arrays()) == set(source.weights)


def test_it_is_trained_where_it_can_pay(ordered):
    histories = Histories.from_interactions(ordered, AlsParameters())
    assert _epochs(histories, "off") == 0
    assert _epochs(histories, "auto") == 0  # too few to learn from
    assert _epochs(histories, "on") == 24
    many = histories.take(np.tile(np.arange(600), 20))
    assert _epochs(many, "auto") == 24
    too_many = histories.take(np.tile(np.arange(600), 600))
    assert _epochs(too_many, "auto") == 0
    assert _epochs(too_many, "on") == 4


def test_without_pytorch_it_says_what_is_missing(ordered, monkeypatch):
    monkeypatch.setattr("recsys_lib.imports.find_spec", lambda name: None)
    training = Training(ordered, AlsParameters(), options=SourceOptions(sequence="on"))
    with pytest.raises(ParameterError, match=r"evaluate\.sequence.* needs PyTorch"):
        Sequence.train(training)
    assert Sequence.train(replace(training, options=SourceOptions(sequence="off"))) is None


def test_without_pytorch_auto_leaves_it_out_where_it_would_pay(ordered, monkeypatch):
    monkeypatch.setattr("recsys_lib.blend.sources.sequence._FEWEST_STEPS", 1)
    training = Training(ordered, AlsParameters(), options=SourceOptions(sequence="auto"))
    assert not lacks_pytorch(training)
    monkeypatch.setattr("recsys_lib.imports.find_spec", lambda name: None)
    assert lacks_pytorch(training)
    assert Sequence.train(training) is None
    assert not lacks_pytorch(replace(training, options=SourceOptions(sequence="off")))
    monkeypatch.undo()
    monkeypatch.setattr("recsys_lib.imports.find_spec", lambda name: None)
    assert not lacks_pytorch(training)  # too few to learn from: nothing is missing
