import json

import numpy as np
import polars as pl
import pytest

from recsys_lib.columns import Products
from recsys_lib.errors import QueryError
from recsys_lib.search.facet_index import FacetIndex
from recsys_lib.search.facets import GROUP, facets_of
from recsys_lib.search.filters import Filters

NUMBERS = {
    Products.PRICE: pl.Float64,
    Products.AVERAGE_RATING: pl.Float64,
    Products.RATING_NUMBER: pl.Int64,
}


def facets_with(n, **columns):
    data = {name: columns.get(name, [None] * n) for name in Products.ALL}
    data[Products.ITEM] = [str(number) for number in range(n)]
    return facets_of(pl.DataFrame(data, schema=dict.fromkeys(Products.ALL, pl.String) | NUMBERS))


@pytest.fixture(scope="module")
def facets():
    return facets_with(
        4,
        main_category=["Appliances", "Tools", None, None],
        categories=[
            json.dumps(["Appliances", "Dryers &amp; Washers"]),
            *(None, "Action|Comedy", "[]"),
        ],
        price=[10.0, 20.0, None, 30.0],
        average_rating=[4.5, 3.0, None, 5.0],
        rating_number=[12, 0, None, 1],
        store=["Acme", "ACME &amp; Co", None, "Bolt"],
        details=[
            json.dumps({"Brand": "Zen", "Availability": "In Stock"}),
            json.dumps({"In stock": 0}),
            json.dumps({"is_available": True, "Brand": None}),
            "no details",
        ],
    )


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
        ({"store": "acme"}, [0]),
        ({"store": "acme & co"}, [1]),
        ({"brand": "ZEN"}, [0]),
        ({"brand": "bolt"}, [3]),
        ({"in_stock": True}, [0, 2]),
        ({"in_stock": False}, [1]),
    ],
)
def test_allowed(facets, filters, rows):
    allowed = Filters.from_dict(filters).allowed(FacetIndex(facets))
    assert allowed.shape == (len(facets),)
    assert np.flatnonzero(allowed).tolist() == rows


@pytest.mark.parametrize("nothing", [None, {}, Filters(), {"with_reviews": False}])
def test_no_condition_no_mask(facets, nothing):
    assert Filters.from_dict(nothing).allowed(FacetIndex(facets)) is None


@pytest.mark.parametrize(
    ("filters", "problem"),
    [
        ({"category": "Aplliances"}, r"'Aplliances': did you mean 'appliances'"),
        ({"brand": "zenn"}, "no product has the brand 'zenn': did you mean 'zen'"),
        ({"brand": "acme"}, "no product has the brand 'acme'"),
        ({"max_prize": 3}, "unknown field 'max_prize': did you mean 'max_price'"),
        ({"min_price": -1}, "min_price: .*greater than or equal to 0"),
        ({"min_rating": "good"}, "min_rating: .*number"),
    ],
)
def test_what_cannot_be_is_named(facets, filters, problem):
    with pytest.raises(QueryError, match=problem):
        Filters.from_dict(filters).allowed(FacetIndex(facets))


@pytest.mark.parametrize(
    ("filters", "remedy"),
    [
        ({"category": "x"}, "no category for any item: leave category out, or name its column"),
        ({"brand": "x"}, "no brand or store for any item.*etl.product_columns.store"),
        ({"store": "x"}, "no store for any item"),
        ({"min_price": 1}, "min_price: the data have no price.*etl.product_columns.price"),
        ({"max_price": 1}, "leave max_price out"),
        ({"min_rating": 1}, "no average rating for any item"),
        ({"with_reviews": True}, "no number of ratings for any item"),
        ({"in_stock": False}, "no stock for any item.*etl.product_columns.details"),
    ],
)
def test_a_filter_on_what_the_data_lack_says_what_to_do(filters, remedy):
    nothing = facets_with(2, title=["a", "b"])
    with pytest.raises(QueryError, match=remedy):
        Filters.from_dict(filters).allowed(FacetIndex(nothing))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, True),
        ("0", False),
        ("12.0", True),
        ("https://schema.org/InStock", True),
        ("http://schema.org/OutOfStock", False),
        ("Only 3 left in stock - order soon.", True),
        ("Temporarily out of stock.", False),
        ("Auf Lager", True),
        ("nicht lieferbar", False),
        ("Épuisé", False),
        ("agotado", False),
        (float("nan"), None),
        ("Out of Stock", False),
        ("ask us", None),
        ([], None),
    ],
)
def test_stock_is_read_however_it_is_written(value, expected):
    found = facets_with(1, details=[json.dumps({"stock": value})])
    assert found["in_stock"].to_list() == [expected]


@pytest.mark.parametrize("name", ["In Stock", "inStock", "Verfügbarkeit", "stock-quantity"])
def test_names_of_details_are_read_by_their_letters(name):
    details = [json.dumps({name: 3, "itemGroupId": "p1", "Marke": "Acme"})] * 2
    found = facets_with(2, details=details)
    assert found["in_stock"].to_list() == [True, True]
    assert found["brand"].to_list() == ["acme", "acme"]
    assert found[GROUP].to_list() == [0, 0]


def groups_of(titles, **columns):
    return facets_with(len(titles), title=titles, **columns)[GROUP].to_list()


@pytest.mark.parametrize(
    "titles",
    [
        ["Oxford Shirt, Navy Blue, XL", "Oxford shirt - white (S)", "Oxford Shirt size 42 Red"],
        ["Water filter, pack of 3", "Water Filter 2-Pack", "Water filter"],
        ["Steel hose 3/8 inch, 10 ft", 'Steel hose ½", 5 ft'],
        ["Trail shoe women - 38", "Trail shoe women - 40,5"],
        ["Oxford shirt S", "Oxford shirt M", "Oxford shirt"],
        ["Horipad controller", "Horipad controller (Red)"],
        ["T-Shirt Baumwolle Größe M rot", "T-Shirt Baumwolle, blau, Größe L"],
        ["Cola Zero 1,5 l", "Cola Zero 0,5 L", "Cola Zero 330 ml"],
        ["Wool rug 5' x 8'", "Wool rug 4x6", "Wool Rug 120 \u00d7 180 cm"],
    ],
)
def test_variants_have_one_group(titles):
    assert set(groups_of(titles)) == {0}


@pytest.mark.parametrize(
    "titles",
    [
        ["Halo 2", "Halo 3"],
        ["Hamlet (1996)", "Hamlet (2000)"],
        ["Shirt, red", "Shirt, blue"],
        ["Shampoo mint 2 in 1", "Shampoo mint 3-in-1"],
        ["Galaxy phone A52", "Galaxy phone A52 5G", "Galaxy phone A52 4G"],
        ["Xbox One console", "Xbox One console S", "Xbox One console X"],
        ["F-Zero game", "F-Zero game X"],
        ["Final Fantasy XIII", "Final Fantasy XIII-2"],
        ["Purple Rain album", "Rain album"],
        ["Water filter for fridge", "Water filter for tap"],
        [None, None],
        ["", "  "],
    ],
)
def test_other_products_have_groups_of_their_own(titles):
    assert groups_of(titles) == list(range(len(titles)))


def test_variants_have_one_brand_or_one_parent():
    assert groups_of(["Oxford shirt S", "Oxford shirt M"], store=["A", "B"]) == [0, 1]
    parents = [json.dumps({"Item Group ID": key}) for key in ("p1", "p2", "p1")]
    assert groups_of(["Shirt", "Shirt", "Blouse"], details=parents) == [0, 1, 0]
