"""Prices as shops write them, with currencies, thousands marks and words around the number.

A library such as price-parser takes the first number of any text: 2 from "2 for $5.00", 3 from a
line of CSS. A wrong price is worse than none, so what is not clearly one price stays unread.
"""

from __future__ import annotations

import polars as pl

from recsys_lib.data.cleaning.notation import Evidence
from recsys_lib.data.cleaning.numbers import Numbers, decimal_evidence, with_marks

_SIMPLE = r"^\p{Sc}?[\s\x{00a0}]?(\d[\d.,]*)[\s\x{00a0}]?(?:\p{Sc}|[A-Z]{3})?$"
_LONGEST = 40  # characters; longer texts are no prices
_NO_PRICE = r"[{}<>;=#%\\]"
_BLANKS = r"[\s\x{00a0}\x{2009}\x{202f}]+"
_NUMBER = r"\d[\d.,]*|[.,]\d+"
_MARK = r"(?:\p{Sc}|\p{L}{1,4}\.?|/)?"  # a currency
# 5,- and 5.-- for 5.00
_NO_CENTS = r"(\d)[.,]\s?[-\x{2013}\x{2014}]{1,2}(\s|$)"
_AFTER_LETTERS = r"([\p{L}/])\."  # Rs.500 is not half a rupee
_GROUP = r"(\d)[ '\x{2019}](\d{3})\b"
_NEGATIVE = rf"^{_MARK}\s?[-\x{{2212}}]\s?{_MARK}\s?[.,]?\d"
_RANGE = (
    rf"^(?:\p{{L}}+\s)?{_MARK}\s?(?:{_NUMBER})\s?{_MARK}\s?"
    rf"(?:-|\x{{2013}}|\x{{2014}}|~|to|bis|until)\s?{_MARK}\s?(?:{_NUMBER})\s?{_MARK}$"
)


class Prices:
    """A column of prices, read as far as it can be without knowing the notation of its file."""

    def __init__(self, texts: pl.Series) -> None:
        self._numbers = Numbers.read(texts)
        self._texts = _number_in(self._numbers.rest)

    def evidence(self) -> Evidence:
        """How many prices can be read with a decimal comma only, and with a point only."""
        return decimal_evidence(self._texts) if len(self._texts) else Evidence()

    def resolve(self, decimal: str) -> pl.Series:
        """Prices as float64, not negative; the lower one of a range; null for what is no price."""
        numbers = self._numbers.resolve(decimal)
        if len(self._texts):
            prices = with_marks(self._texts, decimal)
            numbers = numbers.clone().scatter(self._numbers.places, prices)
        good = (numbers >= 0) & numbers.is_finite()
        return numbers.set(~good.fill_null(False), None)


def _number_in(texts: pl.Series) -> pl.Series:
    """The one number of each text, with its marks; null where there is none, or not only one."""
    simple = texts.str.extract(_SIMPLE).str.strip_chars_end(".,")
    places = (simple.is_null() & texts.is_not_null()).arg_true()
    return simple.scatter(places, _clear_number(texts.gather(places))) if len(places) else simple


def _clear_number(texts: pl.Series) -> pl.Series:
    text = pl.col("t").str.replace_all(_BLANKS, " ").str.strip_chars()
    text = text.str.replace(_NO_CENTS, "$1$2").str.replace_all(_AFTER_LETTERS, "$1 ")
    for _ in range(2):  # groups share digits, so every other one is found at a time
        text = text.str.replace_all(_GROUP, "$1$2")
    found = texts.to_frame("t").with_columns(text)
    numbers = pl.col("t").str.extract_all(_NUMBER)
    clear = (
        (pl.col("t").str.len_chars() <= _LONGEST)
        & ~pl.col("t").str.contains(_NO_PRICE)
        & ~pl.col("t").str.contains(_NEGATIVE)
        & ((numbers.list.len() == 1) | pl.col("t").str.contains(_RANGE))
    )
    price = pl.when(clear).then(numbers.list.first().str.strip_chars_end(".,"))
    return found.select(price.alias("t")).to_series()
