"""Which items have no history, and which of them a version prefers for somebody."""

import numpy as np
import pytest

from recsys_lib.errors import NotTrainedError, UnknownIdError
from recsys_lib.loop.exploration import ENOUGH_INTERACTIONS
from recsys_lib.serving.exploring import best_among, items_of, new_items


def test_new_items_are_those_with_few_interactions(evaluated, shop_interactions):
    found = set(new_items(evaluated))
    counts = np.bincount(shop_interactions.item, minlength=len(shop_interactions.items))
    few = set(shop_interactions.items.ids(np.flatnonzero(counts < ENOUGH_INTERACTIONS)))
    never = set(evaluated.blend.items.ids()) - set(shop_interactions.items.ids())
    assert found == few | never
    assert 0 < len(found) < len(evaluated.blend.items)


def test_the_best_of_some_items_is_the_one_that_the_whole_list_has_first(evaluated):
    user = evaluated.example_users(1)[0]
    ranked = evaluated.recommend(user, n=400, group_variants=False)["item_id"].tolist()
    assert best_among(evaluated, user, ranked[7:300:11]) == ranked[7]
    own = items_of(evaluated, user)
    assert own.isdisjoint(ranked)
    assert best_among(evaluated, user, own | {ranked[50]}) == ranked[50]
    assert best_among(evaluated, user, own) is None
    assert best_among(evaluated, user, ["of another shop"]) is None
    assert items_of(evaluated, "somebody new") == set()
    with pytest.raises(UnknownIdError):
        best_among(evaluated, "somebody new", ranked)


def test_a_version_that_was_not_evaluated_recommends_no_new_items(shop):
    from recsys_lib import Recommender

    with pytest.raises(NotTrainedError, match="was not evaluated"):
        new_items(Recommender.load(shop.version("v1")))
