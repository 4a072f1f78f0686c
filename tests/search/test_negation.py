"""What a query rules out, however it says so."""

import time

import polars as pl
import pytest

from recsys_lib.search._negation import Negations, Wish

SAID = Negations(pl.Series(["Not Your Type shampoo", "Headphones without mic", None]))


@pytest.mark.parametrize(
    ("query", "wanted", "unwanted"),
    [
        ("shirt not red", "shirt", ["red"]),
        ("shirt that is not in red or blue", "shirt", ["red", "blue"]),
        ("cotton shirt but NOT dark blue", "cotton shirt", ["dark blue"]),
        ("shoes not for kids", "shoes", ["kids"]),
        ("bread without any nuts", "bread", ["nuts"]),
        ("headphones without mic", "headphones", ["mic"]),
        ("shoes except for sandals", "shoes", ["sandals"]),
        ("anything but red shoes", "shoes", ["red"]),
        ("shirt -linen \u2212silk", "shirt", ["linen", "silk"]),
        ('shirt -"navy blue" cotton', "shirt cotton", ["navy blue"]),
        ("shirt -t-shirt", "shirt", ["t-shirt"]),
        *[(query, query, []) for query in ("t-shirt", "drill -18V", "toaster - bread", "not red")],
        *[
            (query, query, [])
            for query in ("non stick pan", "no show socks", "toy not only for dogs")
        ],
        *[(query, query, []) for query in ("Not your type", "shirt without", "sin city", '-"')],
    ],
)
def test_what_is_ruled_out(query, wanted, unwanted):
    assert Wish.from_query(query, SAID) == Wish(wanted, tuple(unwanted))


@pytest.mark.parametrize(
    ("language", "query", "wanted", "unwanted"),
    [
        ("german", "Hemd nicht rot", "Hemd", "rot"),
        ("german", "Brot ohne Nüsse", "Brot", "Nüsse"),
        ("french", "pain sans gluten", "pain", "gluten"),
        ("spanish", "pan sin gluten", "pan", "gluten"),
        ("italian", "pane senza glutine", "pane", "glutine"),
        ("dutch", "brood zonder noten", "brood", "noten"),
        ("finnish", "shirt not red", "shirt", "red"),
    ],
)
def test_in_the_language_of_the_catalogue(language, query, wanted, unwanted):
    assert Wish.from_query(query, SAID, language) == Wish(wanted, (unwanted,))


def test_what_says_that_it_is_free_of_something_does_not_have_it():
    titles = [
        "Sugar gum",
        "Sugar-free gum",
        None,
        "Gum, no sugar",
        "Sugarless gum",
        "Fat-free sugar",
    ]
    assert Negations(pl.Series(titles)).free_of("sugar").tolist() == [1, 3, 4]


@pytest.mark.parametrize("query", ["that " * 2000, "not " * 2500, "not a or " * 1100, '-"' * 5000])
def test_a_long_query_is_read_at_once(query):
    before = time.process_time()
    Wish.from_query(query, SAID)
    assert time.process_time() - before < 1
