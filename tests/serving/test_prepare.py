"""A prepared version answers as before, at less cost."""

import numpy as np
import pytest

from recsys_lib import Recommender
from recsys_lib.blend import BlendModel

QUESTIONS = {
    "user": lambda r, **wishes: r.recommend("u0", **wishes),
    "another user": lambda r, **wishes: r.recommend("u3", **wishes),
    "repeats": lambda r, **wishes: r.recommend("u0", repeats="allow", **wishes),
    "history": lambda r, **wishes: r.recommend_for_history(["i1", "i4", "i1"], **wishes),
    "nobody": lambda r, **wishes: r.recommend_for_history([], **wishes),
    "similar": lambda r, **wishes: r.similar_items("i2", by="blend", **wishes),
}


@pytest.fixture
def boutique(boutiques):
    return boutiques["blend"]


@pytest.fixture
def prepared(boutique):
    parts = boutique.als, boutique.product_search, boutique.version
    blend = BlendModel(boutique.blend.part, boutique.als, boutique.product_search)
    recommender = Recommender(boutique.dataset, *parts, blend)
    recommender.prepare()
    assert recommender.blend._bounded is not None
    return recommender


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    "wishes",
    [{}, {"n": 1}, {"n": 500}, {"diversity": 0.4}, {"exclude": ["i3"]}, {"group_variants": False}],
    ids=str,
)
def test_the_answer_is_the_same(boutique, prepared, ask, wishes):
    before, after = ask(boutique, **wishes), ask(prepared, **wishes)
    np.testing.assert_allclose(after.pop("score"), before.pop("score"), atol=1e-5)
    assert after.to_dict("list") == before.to_dict("list")


def test_what_is_explained_is_the_same(boutique, prepared):
    item = boutique.recommend("u0", n=1)["item_id"][0]
    assert str(prepared.why_not("u0", item)) == str(boutique.why_not("u0", item))


def test_a_version_without_a_blend_has_nothing_to_prepare(boutique):
    recommender = Recommender(boutique.dataset, boutique.als, boutique.product_search)
    recommender.prepare()
    assert len(recommender.recommend("u0"))
