"""Numbers and units in texts, in one form however they are written.

"1 1/2 inch", '1½"' and "1.5 in" have the same words; none of them shares one with "12 inch" or
"1/2 inch" but the unit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

_UNITS = {
    "inch": "in inch inches",
    "ft": "ft foot feet",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "cm": "cm centimeter centimeters centimetre centimetres",
    "m": "m meter meters metre metres",
    "yd": "yd yard yards",
    "mg": "mg milligram milligrams",
    "g": "g gr gram grams",
    "kg": "kg kilo kilos kilogram kilograms",
    "lb": "lb lbs pound pounds",
    "oz": "oz ounce ounces",
    "ml": "ml milliliter milliliters millilitre millilitres",
    "l": "l liter liters litre litres",
    "qt": "qt quart quarts",
    "gal": "gal gallon gallons",
    "w": "w watt watts",
    "kw": "kw kilowatt kilowatts",
    "v": "v volt volts",
    "a": "a amp amps ampere amperes",
    "mah": "mah",
    "hz": "hz hertz",
    "mhz": "mhz",
    "ghz": "ghz",
    "mb": "mb megabyte megabytes",
    "gb": "gb gigabyte gigabytes",
    "tb": "tb terabyte terabytes",
}
_UNIT_OF = {written: unit for unit, forms in _UNITS.items() for written in forms.split()}
_VULGAR = re.compile(r"(\d?)([\u00bc-\u00be\u2150-\u215e])")
# Other denominators are seldom of a measure: 24/7, 2019/20.
_FRACTION = r"(?:(?P<whole>\d{1,4})[ -])?(?P<over>\d{1,3})/(?P<under>2|3|4|5|6|8|10|12|16|32|64)"
_THOUSANDS = r"(?P<thousands>\d{1,3}(?:,\d{3})+(?:\.\d+)?)"
_PLAIN = r"(?P<plain>\d*\.\d+|\d+)"
_LONGEST_UNIT_FIRST = sorted(_UNIT_OF, key=len, reverse=True)
_BEFORE = r"(?<![\w./'-])(?<!\d,)"
_AFTER = r"(?!,?\d|[-./'_]?\w)"

NUMBER = (
    rf"{_BEFORE}(?:{_FRACTION}|{_THOUSANDS}|{_PLAIN})"
    rf"(?:(?:[ -]?(?P<unit>{'|'.join(_LONGEST_UNIT_FIRST)})(?!\w))|{_AFTER})"
)
"""Regular expression of a number that is a word of its own, with the unit behind it, if any."""


def spell_out(text: str) -> str:
    """Characters such as ½ as "1/2", apart from a number before them."""

    def written(found: re.Match[str]) -> str:
        space = " " if found[1] else ""
        return found[1] + space + unicodedata.normalize("NFKD", found[2]).replace("\u2044", "/")

    return _VULGAR.sub(written, text)


def number_words(found: re.Match[str]) -> Iterator[str]:
    """The words of a match of ``NUMBER``: the number in decimals, and the unit."""
    if found["under"]:
        value = Fraction(int(found["over"]), int(found["under"])) + int(found["whole"] or 0)
        decimals = f"{float(value):.4f}"
    else:
        decimals = (found["thousands"] or found["plain"]).replace(",", "")
    if "." in decimals:
        decimals = f"{Decimal(decimals):f}".rstrip("0").rstrip(".")
    yield decimals
    if found["unit"]:
        yield _UNIT_OF[found["unit"]]
