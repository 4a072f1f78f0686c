"""Which ratings the models see."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.data._views import core
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.settings import read_settings

ROWS = [
    ("u1", "a", 5, "2020-01-01", "true"),
    ("u1", "b", 2, "2020-06-30", "true"),
    ("u2", "a", 4, "2020-06-30T23:59:59", "false"),
    ("u3", "c", 1, "2021-01-01", "true"),
]


@pytest.fixture
def shop(workspace):
    folder = workspace / "data" / "raw" / "shop"
    folder.mkdir(parents=True)
    header = "user_id,item_id,rating,timestamp,verified_purchase"
    lines = [header, *(",".join(map(str, row)) for row in ROWS)]
    (folder / "reviews.csv").write_text("\n".join(lines))
    return lambda **parameters: load_dataset(Dataset.find("shop"), EtlParameters(**parameters))


def seen(loaded):
    rows = loaded.view.interactions
    users, items = rows.users.ids(rows.user), rows.items.ids(rows.item)
    return [f"{u}{i}" for u, i in zip(users, items, strict=True)]


@pytest.mark.parametrize(
    ("parameters", "left", "what"),
    [
        ({}, ["u1a", "u1b", "u2a", "u3c"], None),
        ({"verified_only": True}, ["u1a", "u1b", "u3c"], "not a verified purchase"),
        ({"min_rating": 4.0}, ["u1a", "u2a"], "rated below 4"),
        ({"since": "2020-06-30"}, ["u1b", "u2a", "u3c"], "before 2020-06-30"),
        ({"until": "2020-06-30"}, ["u1a", "u1b", "u2a"], "after 2020-06-30"),
        ({"since": "2021-01-01"}, ["u3c"], "before 2021-01-01"),
        ({"until": "2020-12-31"}, ["u1a", "u1b", "u2a"], "after 2020-12-31"),
        ({"min_item_ratings": 2}, ["u1a", "u2a"], "of users with fewer than 1 or items with fewer"),
        ({"sample_users": 9}, ["u1a", "u1b", "u2a", "u3c"], "of users outside the sample"),
        ({"min_user_ratings": 2}, ["u1a", "u1b"], "of users with fewer than 2 or items with fewer"),
    ],
)
def test_each_filter_says_what_it_took_away(shop, parameters, left, what):
    loaded = shop(**parameters)
    assert seen(loaded) == left
    funnel = loaded.funnel()
    if what is None:
        assert funnel[-1]["what"] == "ratings kept"
    else:
        assert funnel[-2]["what"].startswith(what)
        assert funnel[-2]["rows"] == len(left) - len(ROWS)
        assert funnel[-1] == {"what": "seen by the models", "rows": len(left)}


def test_the_database_keeps_what_the_models_do_not_see(shop):
    summary = store_dataset(shop(min_rating=4.0))
    stored = Interactions.load(Dataset.find("shop").processed)
    assert list(stored.users.ids()) == ["u1", "u2"]
    assert list(stored.items.ids()) == ["a"]
    assert stored.user_items().toarray().tolist() == [[5.0], [4.0]]
    counts = summary["counts"]
    assert (counts["kept"], counts["interactions"], counts["users"], counts["items"]) == (
        4,
        2,
        2,
        1,
    )


def test_the_draw_of_users_is_repeatable_and_of_whole_users(shop):
    one = seen(shop(sample_users=2))
    assert one == seen(shop(sample_users=2))
    assert len({pair[:2] for pair in one}) == 2
    assert {"u1a", "u1b"} <= set(one) or not {"u1a", "u1b"} & set(one)
    draws = [seen(shop(sample_users=2, seed=seed)) for seed in range(8)]
    assert len({str(draw) for draw in draws}) > 1
    assert {len({pair[:2] for pair in draw}) for draw in draws} == {2}


def test_filters_that_leave_nothing(shop):
    with pytest.raises(InputDataError, match=r"the filters leave no rating.*: -4 of users"):
        _ = shop(min_user_ratings=3).view


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("user_id,item_id,position\nu,i,1\n", "only an order"),
        ("user_id,item_id\nu,i\n", "no times"),
    ],
)
def test_dates_need_dates(workspace, lines, why):
    folder = workspace / "data" / "raw" / "shop"
    folder.mkdir(parents=True)
    (folder / "reviews.csv").write_text(lines)
    loaded = load_dataset(Dataset.find("shop"), EtlParameters(since="2020-01-01"))
    with pytest.raises(ParameterError, match=why):
        _ = loaded.view


def test_a_day_as_yaml_reads_it():
    assert read_settings(None, ["etl.since=2020-01-31"]).etl.since == "2020-01-31"


def test_a_day_that_is_none():
    with pytest.raises(ValueError, match="since"):
        EtlParameters(since="31.01.2020")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=60, unique=True),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_the_core_is_the_largest_part_where_everybody_has_enough(pairs, per_user, per_item):
    user, item = np.array(pairs, dtype=np.int32).T
    names = IdMap(map(str, range(8)))
    ones = np.ones(len(pairs))
    rows = Interactions(names, names, user, item, ones.astype(np.float32), ones.astype(np.int64))
    kept = core(rows, np.ones(len(pairs), dtype=bool), per_user, per_item)
    assert all(count >= per_user for count in np.bincount(user[kept]) if count)
    assert all(count >= per_item for count in np.bincount(item[kept]) if count)
    # The largest: peeling one bad vertex at a time ends at the same place.
    left = set(pairs)
    while bad := [
        (u, i)
        for u, i in left
        if sum(v == u for v, _ in left) < per_user or sum(j == i for _, j in left) < per_item
    ]:
        left.remove(bad[0])
    assert {pair for pair, keep in zip(pairs, kept, strict=True) if keep} == left
