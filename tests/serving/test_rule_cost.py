"""What rules cost, on lists whose answers follow from the rules."""

import numpy as np
import pytest

from recsys_lib import Recommender
from recsys_lib.errors import ArtifactError, NotTrainedError
from recsys_lib.serving.held_out_lists import HeldOutLists, K
from recsys_lib.serving.rule_cost import cost_of
from recsys_lib.serving.rule_cost_in_words import cost_in_words, for_reading


@pytest.fixture(scope="module")
def lists(shop, evaluated):
    """Of 60 users of a version with all parts, and the data of its dataset."""
    parts = evaluated.als, evaluated.product_search
    served = Recommender(shop, *parts, version="v1", blend=evaluated.blend)
    return HeldOutLists.of(served, 60)


@pytest.fixture
def cost(lists, tmp_path):
    def cost(text):
        path = tmp_path / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        return cost_of(lists.recommender.rules_of(path), lists)

    return cost


def test_rules_that_are_not_in_force_cost_nothing(cost, lists):
    item = lists.recommender.example_items(1)[0]
    found = cost(f"ban:\n  - {{name: over, items: {item!r}, until: 2020-01-01}}\n")
    everybody = found.segments.iloc[0]
    assert (everybody["by"], everybody["segment"], everybody["users"]) == ("all", "everybody", 60)
    assert everybody["ndcg@10 with"] == everybody["ndcg@10 without"] > 0
    assert everybody["coverage@10 with"] == everybody["coverage@10 without"] > 0
    assert (found.segments["ndcg@10 difference"] == 0).all()
    assert (found.segments["verdict"] == "within noise").all()
    assert found.rules.iloc[0]["lists"] == 0


def test_without_rules_lists_have_the_best_variant_of_each_product(lists):
    ranked, _ = lists._best(lists._histories, len(lists.recommender.items))
    groups = lists.recommender.items.groups
    for found, best in zip(lists.measured(None).lists, ranked, strict=True):
        first = np.sort(np.unique(groups[best[best >= 0]], return_index=True)[1])
        assert found.tolist() == best[first][:K].tolist()


def test_to_ban_what_was_held_out_costs_everything(cost, lists):
    """A rule that forbids all right answers, and one that changes little."""
    ids = lists.recommender.items.ids
    held_out = sorted(set(ids.ids(np.unique(lists.split.test.relevant.indices))))
    never = next(item for item in ids.ids() if item not in held_out)
    found = cost(
        f"ban:\n  - {{name: answers, items: {held_out}}}\n  - {{name: one, items: {never!r}}}\n"
    )
    everybody, rules = found.segments.iloc[0], found.rules.set_index("rule")
    assert everybody["ndcg@10 with"] == everybody["recall@10 with"] == 0
    assert everybody["ndcg@10 difference"] == -everybody["ndcg@10 without"]
    assert everybody["ndcg@10 low"] <= everybody["ndcg@10 difference"] <= everybody["ndcg@10 high"]
    assert everybody["verdict"] == "worse"
    assert rules.loc["answers", "verdict"] == "worse"
    assert rules.loc["answers", "ndcg@10 difference"] == -everybody["ndcg@10 without"]
    assert rules.loc["one", "ndcg@10 difference"] == 0
    assert "answers costs most" in cost_in_words(found)[1]


def test_segments_are_by_history_and_by_what_is_liked(cost):
    found = cost("")
    by = found.segments.groupby("by")["users"].sum()
    assert by["history"] == by["all"] == found.n_users == 60
    assert 1 <= (found.segments["by"] == "likes").sum() <= 5
    assert found.rules.empty
    shown = for_reading(found.segments)
    assert list(shown)[:5] == ["by", "segment", "users", "ndcg@10 change", "recall@10 change"]
    assert shown["ndcg@10 change"][0] == "+0.0000 (+0.0000 to +0.0000)"


def test_without_a_blend_or_with_other_data_nothing_can_be_said(lists, shop, evaluated, boutiques):
    alone = Recommender(shop, evaluated.als, None, version="v1")
    with pytest.raises(NotTrainedError, match="was not evaluated"):
        HeldOutLists.of(alone)
    other = Recommender(shop, boutiques["blend"].als, None, "v1", boutiques["blend"].blend)
    with pytest.raises(ArtifactError, match="the data have changed since version v1"):
        HeldOutLists.of(other)
