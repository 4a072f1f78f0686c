import json

import numpy as np
import polars as pl
import pytest

from recsys_lib.columns import Products
from recsys_lib.errors import QueryError
from recsys_lib.search.filters import Filters, facets_of

NUMBERS = {
    Products.PRICE: pl.Float64,
    Products.AVERAGE_RATING: pl.Float64,
    Products.RATING_NUMBER: pl.Int64,
}


@pytest.fixture(scope="module")
def facets():
    rows = [
        ("a", "Appliances", json.dumps(["Appliances", "Dryers &amp; Washers"]), 10.0, 4.5, 12),
        ("b", "Tools", None, 20.0, 3.0, 0),
        ("c", None, "Action|Comedy", None, None, None),
        ("d", None, "[]", 30.0, 5.0, 1),
    ]
    data = {name: [None] * 4 for name in Products.ALL}
    names = (
        *(Products.ITEM, Products.MAIN_CATEGORY, Products.CATEGORIES),
        *(Products.PRICE, Products.AVERAGE_RATING, Products.RATING_NUMBER),
    )
    data |= {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return facets_of(pl.DataFrame(data, schema=dict.fromkeys(Products.ALL, pl.String) | NUMBERS))


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({"category": "appliances"}, [0]),
        ({"category": " Dryers & Washers"}, [0]),
        ({"category": "comedy"}, [2]),
        ({"category": "tools"}, [1]),
        ({"category": "appliances", "min_price": 15}, []),
        ({"min_price": 10, "max_price": 20}, [0, 1]),
        ({"min_price": 0}, [0, 1, 3]),
        ({"max_price": 0}, []),
        ({"min_rating": 0}, [0, 1, 3]),
        ({"max_price": 9.99}, []),
        ({"min_rating": 4.5}, [0, 3]),
        ({"with_reviews": True}, [0, 3]),
        ({"with_reviews": True, "min_price": 15}, [3]),
    ],
)
def test_allowed(facets, filters, rows):
    allowed = Filters.from_dict(filters).allowed(facets)
    assert allowed.shape == (len(facets),)
    assert np.flatnonzero(allowed).tolist() == rows


@pytest.mark.parametrize("nothing", [None, {}, Filters(), {"with_reviews": False}])
def test_no_condition_no_mask(facets, nothing):
    assert Filters.from_dict(nothing).allowed(facets) is None


@pytest.mark.parametrize(
    ("filters", "problem"),
    [
        ({"category": "Aplliances"}, r"'Aplliances': did you mean 'appliances'"),
        ({"max_prize": 3}, "unknown field 'max_prize': did you mean 'max_price'"),
        ({"min_price": -1}, "min_price: .*greater than or equal to 0"),
        ({"min_rating": "good"}, "min_rating: .*number"),
    ],
)
def test_what_cannot_be_is_named(facets, filters, problem):
    with pytest.raises(QueryError, match=problem):
        Filters.from_dict(filters).allowed(facets)
