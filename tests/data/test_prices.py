"""Prices in the forms of many shops; none is better than a wrong one."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.data.cleaning.notation import Wishes, settle
from recsys_lib.data.cleaning.prices import Prices


def read(*texts, decimal="auto"):
    prices = Prices(pl.Series("price", texts, dtype=pl.String))
    evidence = prices.evidence()
    return prices.resolve(settle(evidence, evidence, Wishes(decimal=decimal)).decimal).to_list()


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("19.99", 19.99),
        ("$19.99", 19.99),
        ("$1,299.00", 1299),
        ("$1,299", 1299),
        ("1.299,00 €", 1299),
        ("1.299 €", 1299),
        ("15.000 ₫", 15000),
        ("1 299,00 kr", 1299),
        ("1\u00a0299,00\u00a0€", 1299),
        ("1\u202f234\u202f567,50 €", 1_234_567.5),
        ("1'299.00", 1299),
        ("CHF 1\u2019299.-", 1299),
        (".99", 0.99),
        ("$.99", 0.99),
        ("0,99 €", 0.99),
        ("5,- €", 5),
        ("from 14.99", 14.99),
        ("ab 5,00 €", 5),
        ("Rs.500", 500),
        ("Rs. 1,00,000", 100_000),
        ("US$ 5", 5),
        ("12.125", 12.125),
        ("0", 0),
        ("$10.99 - $15.99", 10.99),
        ("5,00\u20137,00 €", 5),
        ("10 to 20 EUR", 10),
    ],
)
def test_one_price(text, price):
    assert read(text) == [price]


@pytest.mark.parametrize(
    "text",
    [
        "2 for $5.00",
        "3 x 5.00",
        "-5.00",
        "-$5.00",
        "$-5.00",
        "\u2212 5",
        "free",
        "\u2014",
        "20% off",
        "was $20 now $15",
        "inf",
        "nan",
        "1.2.3",
        "12,34,56.7.8",
        ".box-inner{background-color:#fff3}#widget .on{border:2px}",
        "<span>5</span>",
        "see the description of all the variants, from size 3",
    ],
)
def test_no_price(text):
    assert read(text) == [None]


def test_decimal_commas_elsewhere_settle_a_bare_number():
    assert read("1.299", "19,99") == [1299, 19.99]
    assert read("1.299", "$19.99") == [1.299, 19.99]
    assert read("1,299", "19,99 €") == [1.299, 19.99]
    assert read("1,299", "19.99 €") == [1299, 19.99]


def test_the_user_may_say_what_the_mark_is():
    assert read("1.299 €", "1.299", decimal=",") == [1299, 1299]
    assert read("1.299 €", decimal=".") == [1.299]


@given(
    amounts=st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
    marks=st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ",")]),
    currency=st.sampled_from(["{}", "${}", "{} €", "EUR {}", "{} kr", "£ {}", "Rs.{}"]),
)
def test_every_amount_comes_back(amounts, marks, currency):
    thousands, decimal = marks
    written = [
        currency.format(f"{n // 100:,}".replace(",", thousands) + f"{decimal}{n % 100:02}")
        for n in amounts
    ]
    assert read(*written) == [n / 100 for n in amounts]
