"""The evaluation of a version in one call: the stages of 04_evaluate, and what is written."""

import shutil

import numpy as np
import pytest

from recsys_lib.blend import BlendWeights, LearnedBlend, Parts, TrainedBlend, train_sources
from recsys_lib.blend.sources import SEQUENCE, linear, source_types
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation import evaluate_version, leave_last_out, models_to_compare
from recsys_lib.files import read_json
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, EvaluateParameters
from recsys_lib.registry.parts import BLEND_PART, Part, has_part

SMALL = Parts(AlsParameters(factors=2, iterations=1), None, None)


def small_world():
    """Eight users take five of six items each, walking along a ring."""
    user = np.repeat(np.arange(8, dtype=np.int32), 5)
    item = ((user + np.tile(np.arange(5), 8)) % 6).astype(np.int32)
    users, items = IdMap(map(str, range(8))), IdMap(map(str, range(6)))
    return Interactions(users, items, user, item, np.ones(40, np.float32), np.arange(40))


@pytest.fixture(scope="module")
def judged(shop):
    """The version v1 under another name, evaluated and saved."""
    shutil.copytree(shop.version("v1"), shop.version("judged"))
    parameters = EvaluateParameters(k_values=[5, 10], max_users=300, seed=7, sequence="off")
    found = evaluate_version(shop, "judged", parameters)
    found.save()
    yield found
    shutil.rmtree(shop.version("judged"))


def test_the_stages_are_those_of_the_notebook(judged):
    whole = leave_last_out(judged.interactions, seed=7)
    assert len(judged.split.test_users) == 300
    assert np.isin(judged.split.test_users, whole.test_users).all()
    assert len(judged.split.train) == len(whole.train)
    assert 0 < judged.learned.n_users <= len(whole.learning.users)
    assert judged.learned.n_judges == len(whole.judging.users)
    assert set(judged.learned.validation) == {"blend", *source_types()} - {SEQUENCE}
    assert judged.evaluation.split is judged.split
    assert judged.k == 10
    assert evaluate_version(judged.dataset, "x", EvaluateParameters(k_values=[3, 7])).k == 7


def test_every_model_is_compared_under_its_name(judged):
    assert list(judged.models) == [
        *("blend", "after", "together", "ease", "cosine", "bm25", "als_recency"),
        *("attributes", "text", "als", "popular", "recent", "random"),
    ]
    assert judged.evaluation.models == list(judged.models)
    expected = "als_recency" if judged.learned.served == "als" else judged.learned.served
    assert judged.evaluation.served == expected
    value = judged.evaluation.value
    assert value(judged.evaluation.served, "ndcg", 10) > value("popular", "ndcg", 10)


def test_it_says_where_pytorch_is_missing(judged, monkeypatch):
    auto = evaluate_version(judged.dataset, "judged", EvaluateParameters(max_users=300))
    assert auto.cautions == []
    monkeypatch.setattr("recsys_lib.blend.sources.sequence._FEWEST_STEPS", 1)
    monkeypatch.setattr("recsys_lib.imports.find_spec", lambda name: None)
    (caution,) = auto.cautions
    assert "sequence model" in caution
    assert "pip install" in caution
    assert judged.cautions == []  # it is off


def test_results_and_blend_are_saved(judged):
    folder = judged.dataset.version("judged")
    assert has_part(folder, BLEND_PART)
    content = read_json(folder / "evaluation" / "metrics.json")
    assert content["validation"] == judged.learned.validation
    served, metrics = content["served"], content["metrics"]
    assert metrics["served.ndcg@10"] == metrics[f"{served}.ndcg@10"]
    assert not [name for name in metrics if name.startswith("hybrid")]
    summary = read_json(judged.dataset.processed / "summary.json")
    part = Part.read(folder / BLEND_PART)
    assert part.manifest["data_fingerprint"] == summary["fingerprint"]


def test_without_a_blend_als_is_compared_alone():
    split = leave_last_out(small_world())
    learned = TrainedBlend({}, LearnedBlend(BlendWeights.from_source("als", {}), "als", {}, 8))
    models = models_to_compare(split, learned, SMALL, EvaluateParameters(sequence="off"))
    assert {"blend", "als_recency"}.isdisjoint(models)
    assert {"als", "popular", "after"} <= set(models)


def test_small_catalogues_have_exact_ease():
    """And all others have weights of a few neighbours; either is one of the models."""
    learned = TrainedBlend({}, LearnedBlend(BlendWeights.from_source("als", {}), "als", {}, 8))
    split = leave_last_out(small_world())
    exact, sparse = (
        models_to_compare(
            split, learned, SMALL, EvaluateParameters(ease_max_items=limit, sequence="off")
        )["ease"]
        for limit in (6, 5)
    )
    strength = linear.default_regularization(split.train.user_items())
    expected = linear.ease_weights(split.train.user_items(), strength)
    np.testing.assert_array_equal(exact.source.weights.toarray(), expected)
    np.testing.assert_allclose(sparse.source.weights.toarray(), expected, atol=1e-6)


@pytest.mark.parametrize("refit", [True, False])
def test_without_refit_the_judging_part_is_history_and_not_training(refit):
    split = leave_last_out(small_world())
    learned = TrainedBlend({}, LearnedBlend(BlendWeights.from_source("als", {}), "als", {}, 8))
    models = models_to_compare(
        split, learned, SMALL, EvaluateParameters(refit=refit, sequence="off")
    )
    trained_on = split.train if refit else split.before_judging
    popular = np.bincount(trained_on.item, minlength=6)
    np.testing.assert_array_equal(models["popular"].scores(np.array([0]))[0], popular)
    expected = train_sources(trained_on, SMALL)["after"].weights.toarray()
    assert expected.any()
    np.testing.assert_array_equal(models["after"].source.weights.toarray(), expected)
    known = models["after"].histories
    np.testing.assert_array_equal(known.items, split.train.item)
