"""Which items have no history, and how a version ranks them for somebody."""

import numpy as np
import pytest

from recsys_lib.errors import NotTrainedError
from recsys_lib.loop.exploration import ENOUGH_INTERACTIONS
from recsys_lib.serving.exploring import items_of, new_items, ranked_among


def test_new_items_are_those_with_few_interactions(evaluated, shop_interactions):
    found = set(new_items(evaluated))
    counts = np.bincount(shop_interactions.item, minlength=len(shop_interactions.items))
    few = set(shop_interactions.items.ids(np.flatnonzero(counts < ENOUGH_INTERACTIONS)))
    never = set(evaluated.blend.items.ids()) - set(shop_interactions.items.ids())
    no_title = {item for item in few | never if evaluated.item(item)["title"] is None}
    assert found == (few | never) - no_title
    assert no_title
    assert 0 < len(found) < len(evaluated.blend.items)


def test_some_items_are_ranked_as_in_the_whole_list(evaluated):
    user = evaluated.example_users(1)[0]
    ranked = evaluated.recommend(user, n=400, group_variants=False)["item_id"].tolist()
    some = ranked[7:300:11]
    assert ranked_among(evaluated, user, [*sorted(some), "of another shop"]) == some
    own = sorted(items_of(evaluated, user))
    assert set(own).isdisjoint(ranked)
    assert ranked_among(evaluated, user, [*own, ranked[50]]) == [ranked[50]]
    assert ranked_among(evaluated, user, own) == []
    assert ranked_among(evaluated, "somebody new", ranked) is None
    assert items_of(evaluated, "somebody new") == set()


def test_a_version_that_was_not_evaluated_recommends_no_new_items(shop):
    from recsys_lib import Recommender

    with pytest.raises(NotTrainedError, match="was not evaluated"):
        new_items(Recommender.load(shop.version("v1")))
