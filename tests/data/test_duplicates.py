"""The last rating of a pair counts; ids in their order, whichever way they are sorted."""

import itertools

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.duplicates import latest_ratings
from recsys_lib.data.cleaning.ordering import number_ids, number_ids_in_time, pair_hash

ids = st.text(max_size=3) | st.sampled_from(["a" * 16, "a" * 16 + "b", "a" * 17, "a" * 15 + "\0"])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(ids, st.integers(0, 3)), min_size=1, max_size=30), st.integers(1, 3))
def test_ids_are_sorted_and_every_value_finds_its_own(rows, repeats):
    values, moments = zip(*rows * repeats, strict=True)
    column, times = pl.Series("id", values), pl.Series("time", moments)
    for distinct, positions, *order in number_ids(column), number_ids_in_time(column, times):
        assert distinct.to_list() == sorted(set(values), key=str.encode)
        assert distinct.gather(positions).to_list() == column.to_list()
        assert distinct.name == "id"
        for places in order:
            by_hand = sorted(range(len(values)), key=lambda i: (values[i].encode(), moments[i], i))
            assert places.tolist() == by_hand


def test_ids_that_differ_late_are_sorted_all_the_same():
    column = pl.Series("id", [f"customer-number-{i:04}" for i in (7, 2, 9, 2)])
    distinct, positions, order = number_ids_in_time(column, pl.Series("time", [1, 4, 2, 3]))
    assert distinct.to_list() == [f"customer-number-{i:04}" for i in (2, 7, 9)]
    assert positions.tolist() == [1, 0, 2, 0]
    assert order.tolist() == [3, 1, 0, 2]


ratings = st.lists(
    st.tuples(
        st.sampled_from(["u1", "u2", "u3", "only-once"]),
        st.sampled_from(["i1", "i2"]),
        st.sampled_from([1.0, 5.0, None]),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=25,
)


def by_hand(rows):
    """Rows kept as (user, item, rating, time), repeated rows, and how many were superseded."""
    seen, repeated, last, n_superseded = set(), [], {}, 0
    for row in rows:
        repeated.append(row in seen)
        if row in seen:
            continue
        seen.add(row)
        before = last.get(row[:2])
        n_superseded += before is not None
        if before is None or rank(row) > rank(before):
            last[row[:2]] = row
    for pair, row in last.items():
        given = [other for other in seen if other[:2] == pair and other[2] is not None]
        rating = max(given, key=rank)[2] if given else None
        last[pair] = (*pair, rating, row[3])
    return last, repeated, n_superseded


def rank(row):
    """Later times come last; of equal times the higher rating does, and a missing one never."""
    return row[3], row[2] is not None, row[2] or 0


def as_frame(rows):
    columns = dict(zip(("user", "item", "rating", "time"), zip(*rows, strict=True), strict=True))
    return pl.DataFrame(
        {
            Ratings.USER: pl.Series(columns.get("user", []), dtype=pl.String),
            Ratings.ITEM: pl.Series(columns.get("item", []), dtype=pl.String),
            Ratings.RATING: pl.Series(columns.get("rating", []), dtype=pl.Float64),
            Ratings.TIMESTAMP: pl.Series(columns.get("time", []), dtype=pl.Int64),
            Ratings.VERIFIED: pl.Series([1] * len(rows), dtype=pl.Int8),
            Ratings.HELPFUL: pl.Series([0] * len(rows), dtype=pl.Int64),
        }
    )


@settings(max_examples=150, deadline=None)
@given(ratings)
def test_the_last_rating_counts(rows):
    last, repeated, n_superseded = by_hand(rows)
    latest = latest_ratings(as_frame(rows))
    times = {pair: len({row[3] for row in rows if row[:2] == pair}) for pair in last}
    kept = latest.frame.select("user_id", "parent_asin", "rating", "timestamp").rows()
    assert {row[:2]: row for row in kept} == last
    assert len(kept) == len(last)
    assert [(row[0], row[3]) for row in kept] == sorted((row[0], row[3]) for row in kept)
    assert latest.repeated.tolist() == repeated
    assert latest.n_superseded == n_superseded
    assert latest.count.tolist() == [times[row[:2]] for row in kept]
    assert latest.users.gather(latest.user_rows).to_list() == [row[0] for row in kept]
    assert latest.items.gather(latest.item_rows).to_list() == [row[1] for row in kept]
    assert latest.users.to_list() == sorted({row[0] for row in rows})


def test_of_equal_times_the_content_decides():
    rows = [("u", "i", 4.0, 7), ("u", "i", 2.0, 7), ("u", "i", 5.0, 6), ("u", "i", None, 7)]
    for shuffled in itertools.permutations(rows):
        latest = latest_ratings(as_frame(shuffled))
        assert latest.frame["rating"].to_list() == [4.0]
        assert latest.n_superseded == 3


def test_then_a_verified_purchase_counts_and_then_the_votes():
    contents = [(0, 9), (1, 2), (1, 3), (None, 99)]
    for shuffled in itertools.permutations(contents):
        rows = as_frame([("u", "i", 5.0, 7)] * 4).with_columns(
            pl.Series(Ratings.VERIFIED, [verified for verified, _ in shuffled], dtype=pl.Int8),
            pl.Series(Ratings.HELPFUL, [votes for _, votes in shuffled]),
        )
        assert latest_ratings(rows).frame.row(0)[-2:] == (1, 3)


def test_within_a_moment_items_come_in_no_order_that_their_ids_or_lines_have():
    """In ascending order stand half of the neighbours, in the order of the lines as well."""
    items = [f"i{n:03}" for n in range(200)]
    rows = [(user, item, 5.0, 7) for user in ("u", "v") for item in items]
    one, other = (latest_ratings(as_frame(order)).frame for order in (rows, rows[::-1]))
    assert one.equals(other)
    places = [[items.index(i) for i in one.filter(user_id=user)["parent_asin"]] for user in "uv"]
    assert places[0] != places[1]
    for place in places:
        assert 0.4 < np.mean(np.diff(place) > 0) < 0.6
        assert abs(np.corrcoef(place, range(200))[0, 1]) < 0.2


def test_pairs_have_different_hashes_without_a_trend():
    user, item = (grid.ravel().astype(np.int32) for grid in np.mgrid[:300, :300])
    hashes = pair_hash(user, item)
    assert len(np.unique(hashes)) == len(hashes)
    ranks = hashes.argsort().argsort()
    assert max(abs(np.corrcoef(ranks, rows)[0, 1]) for rows in (user, item)) < 0.02
