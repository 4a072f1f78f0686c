"""Why an item is in a list or is not, in exact agreement with the list."""

import json

import pytest

from recsys_lib.blend import Standing
from recsys_lib.errors import QueryError, UnknownItemError, UnknownUserError
from recsys_lib.serving._why import _advice
from tests.support.boutique import COLD

WISHES = [
    {},
    {"diversity": 0.6},
    {"repeats": "allow"},
    {"repeats": "only"},
    {"filters": {"max_price": 14}},
    {"exclude": ["i4"]},
    {"group_variants": False},
]


@pytest.mark.parametrize("wishes", WISHES)
@pytest.mark.parametrize("user", ["u0", "u1"])
def test_place_and_score_are_those_of_the_list(boutique, user, wishes):
    whole = boutique.recommend(user, 100, **wishes)
    last = whole["score"].iloc[: min(5, len(whole))].iloc[-1]
    for item, rank, score in zip(whole["item_id"], whole["rank"], whole["score"], strict=True):
        for ask in (boutique.explain, boutique.why_not):
            found = ask(user, item, 5, **wishes)
            assert (found.rank, found.score) == (rank, score)
            assert found.status == ("listed" if rank <= 5 else "below")
            assert found.gap == pytest.approx(max(0, last - score))
            assert found.sources["contribution"].sum() == pytest.approx(score, rel=1e-5, abs=1e-6)


def test_the_reason_is_that_of_the_list(boutiques):
    answer = boutiques["blend"].recommend("u2", 3)
    for item, reason in zip(answer["item_id"], answer["reason"], strict=True):
        assert reason in str(boutiques["blend"].explain("u2", item))


def test_what_is_in_no_list_says_why(boutique):
    has = boutique.recommend("u0", 50, repeats="only", group_variants=False)["item_id"]
    owned = boutique.why_not("u0", has[0])
    assert (owned.status, owned.rank, owned.gap) == ("owned", None, None)
    assert "in the user's history" in owned.sentence
    one, two = boutique.recommend("u1", 2)["item_id"]
    excluded = boutique.why_not("u1", one, exclude=[one])
    assert (excluded.status, excluded.score) == ("excluded", boutique.explain("u1", one).score)
    filtered = boutique.why_not("u1", two, filters={"min_price": 60, "with_reviews": False})
    assert filtered.status == "filtered"
    assert filtered.sentence.endswith("not known: min_price.")
    whole = boutique.recommend("u1", 50)
    stands = next(row for row in whole.to_dict("records") if row["variants"])
    variant = boutique.why_not("u1", stands["variants"][0])
    assert variant.status == "variant"
    assert f"{stands['title']}, which is at place {stands['rank']} and" in variant.sentence


def test_only_repeats_leave_new_items_out(boutique):
    new = boutique.recommend("u0", 1)["item_id"][0]
    assert boutique.why_not("u0", new, repeats="only").status == "new"
    own = boutique.recommend("u0", 1, repeats="only", group_variants=False)["item_id"][0]
    found = boutique.why_not("u0", own, repeats="only", group_variants=False)
    assert (found.status, found.rank) == ("listed", 1)
    with pytest.raises(QueryError, match="repeats"):
        boutique.explain("u0", own, repeats="never")


def test_where_diversity_decides_it_says_so(boutique):
    """Items that are in only one of the two lists were moved; all others were not."""
    wishes = {"diversity": 0.9, "group_variants": False}
    plain = list(boutique.recommend("u1", 50, group_variants=False)["item_id"])
    varied = list(boutique.recommend("u1", 50, **wishes)["item_id"])
    n = next(n for n in range(1, 50) if set(plain[:n]) != set(varied[:n]))
    moved = set(plain[:n]) ^ set(varied[:n])
    for item in {*plain[: n + 2], *varied[: n + 2]}:
        sentence = str(boutique.explain("u1", item, n, **wishes))
        assert ("Diversity moved it" in sentence) == (item in moved)
        if item in moved:
            assert f"at place {plain.index(item) + 1}." in sentence


def test_a_product_that_nobody_took_is_known_to_the_blend_alone(boutiques):
    assert boutiques["als"].why_not("u0", COLD[1]).status == "unknown"
    assert boutiques["als"].explain("u0", COLD[1]).score is None
    assert boutiques["blend"].why_not("u0", COLD[1]).status == "below"


def test_what_it_takes_is_true(boutiques):
    """A source that is said to be enough can close the gap."""
    for item in boutiques["blend"].recommend("u4", 50)["item_id"][3:]:
        found = boutiques["blend"].why_not("u4", item, 3)
        enough = found.sources[found.sources["possible"] > found.gap]["source"].tolist()
        assert enough
        for source in enough:
            assert source in found.sentence.partition("would be enough:")[2]
        assert "would" not in boutiques["blend"].explain("u4", item, 3).sentence
    standings = [Standing("text", 5, 0.5, 0.3, 0.1), Standing("als", None, 0.0, 0.1, 0.0)]
    assert _advice(standings, 0.15).endswith("would be enough: text.")
    assert _advice(standings, 0.5).endswith("would not be enough: text would add most, 0.2.")


def test_ranks_in_a_source_count_what_the_user_does_not_have(boutiques):
    recommender = boutiques["als"]
    whole = recommender.recommend("u0", 50, group_variants=False)
    for item, rank in zip(whole["item_id"], whole["rank"], strict=True):
        (row,) = recommender.explain("u0", item).sources.to_dict("records")
        assert (row["source"], row["rank"]) == ("als", rank)
    assert recommender.explain("u0", whole["item_id"][0]).sources["score"][0] == 1


def test_it_is_plain_values_for_json(boutique):
    said = boutique.explain("u0", "i1").to_dict()
    assert json.loads(json.dumps(said))["sentence"] == said["sentence"]
    assert {row["source"] for row in said["sources"]} >= {"als"}


def test_unknown_ids_and_bad_wishes_are_named(boutique):
    with pytest.raises(UnknownUserError):
        boutique.explain("nobody", "i1")
    with pytest.raises(UnknownItemError):
        boutique.why_not("u0", "nothing")
    with pytest.raises(QueryError, match="n must be at least 1"):
        boutique.why_not("u0", "i1", 0)
    with pytest.raises(QueryError, match="user_id must be one id"):
        boutique.explain(7, "i1")
