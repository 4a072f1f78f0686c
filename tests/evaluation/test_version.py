"""The evaluation of a version in one call: the stages of 04_evaluate, and what is written."""

import shutil

import numpy as np
import pytest

from recsys_lib.blend import BlendWeights, LearnedBlend, Parts, train_sources
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation import evaluate_version, leave_last_out, models_to_compare
from recsys_lib.files import read_json
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, EvaluateParameters
from recsys_lib.registry.parts import BLEND_PART, Part, has_part


@pytest.fixture(scope="module")
def judged(shop):
    """The version v1 under another name, evaluated and saved."""
    shutil.copytree(shop.version("v1"), shop.version("judged"))
    parameters = EvaluateParameters(k_values=[5, 10], max_users=300, seed=7)
    found = evaluate_version(shop, "judged", parameters)
    found.save()
    yield found
    shutil.rmtree(shop.version("judged"))


def test_the_stages_are_those_of_the_notebook(judged):
    whole = leave_last_out(judged.interactions)
    assert len(judged.split.test_users) == 300
    assert np.isin(judged.split.test_users, whole.test_users).all()
    assert len(judged.split.train) == len(whole.train)
    assert 0 < judged.learned.n_users <= len(whole.validation.users)
    assert {"after", "together", "als", "text", "blend"} <= set(judged.learned.validation)
    assert judged.evaluation.split is judged.split
    assert judged.k == 10
    assert evaluate_version(judged.dataset, "x", EvaluateParameters(k_values=[3, 7])).k == 7


def test_every_model_is_compared_under_its_name(judged):
    assert list(judged.models) == [
        *("blend", "after", "together", "als_recency", "text", "als"),
        *("cosine", "bm25", "popular", "recent", "random", "ease"),
    ]
    assert judged.evaluation.models == list(judged.models)
    expected = "als_recency" if judged.learned.served == "als" else judged.learned.served
    assert judged.evaluation.served == expected
    value = judged.evaluation.value
    assert value(judged.evaluation.served, "ndcg", 10) > value("popular", "ndcg", 10)


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


def test_without_a_blend_als_is_compared_alone_and_ease_has_its_limit():
    user = np.repeat(np.arange(8, dtype=np.int32), 3)
    item = ((user + np.tile(np.arange(3), 8)) % 6).astype(np.int32)
    users, items = IdMap(map(str, range(8))), IdMap(map(str, range(6)))
    split = leave_last_out(
        Interactions(users, items, user, item, np.ones(24, np.float32), np.arange(24))
    )
    parts = Parts(AlsParameters(factors=2, iterations=1), None, None)
    sources = train_sources(split.train, parts)
    learned = LearnedBlend(BlendWeights.from_source("als", {}), "als", {}, 8)

    def names(limit):
        parameters = EvaluateParameters(ease_max_items=limit)
        return set(models_to_compare(split, sources, learned, parts, parameters))

    assert {"blend", "als_recency"}.isdisjoint(names(6))
    assert names(6) - names(5) == {"ease"}
