"""Numbers and units in texts, in one form however they are written.

"1 1/2 inch", '1½"' and "1.5 in" have the same words; none of them shares one with "12 inch" or
"1/2 inch" but the unit. "1,5" and "1.000" are what the language of the catalogue means by them.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction

_UNITS = {
    "inch": "in inch inches zoll pouce pouces pulgada pulgadas pollice pollici",
    "ft": "ft foot feet",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "cm": "cm cms centimeter centimeters centimetre centimetres zentimeter",
    "m": "m meter meters metre metres metro metros mtr mtrs",
    "yd": "yd yard yards",
    "mg": "mg milligram milligrams",
    "g": "g gr gm gms gram grams gramm gramme grammes gramo gramos",
    "kg": "kg kgs kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramos",
    "lb": "lb lbs pound pounds",
    "oz": "oz ounce ounces",
    "ml": "ml milliliter milliliters millilitre millilitres mililitros",
    "cl": "cl centiliter centiliters centilitre centilitres",
    "l": "l liter liters litre litres litro litros ltr ltrs",
    "qt": "qt quart quarts",
    "gal": "gal gallon gallons",
    "w": "w watt watts",
    "kw": "kw kilowatt kilowatts",
    "v": "v volt volts",
    "a": "a amp amps ampere amperes",
    "mah": "mah",
    "lm": "lm lumen lumens",
    "hz": "hz hertz",
    "mhz": "mhz",
    "ghz": "ghz",
    "mb": "mb megabyte megabytes",
    "gb": "gb gigabyte gigabytes",
    "tb": "tb terabyte terabytes",
}
_UNIT_OF = {written: unit for unit, forms in _UNITS.items() for written in forms.split()}
_VULGAR = re.compile(r"(\d?)([\u00bc-\u00be\u2150-\u215e])")
_SLASHES = str.maketrans("\u2044\u2215", "//")
# Other denominators are seldom of a measure: 24/7, 2019/20.
_FRACTION = r"(?:(?P<whole>\d{1,4})[ -])?(?P<over>\d{1,3})/(?P<under>2|3|4|5|6|8|10|12|16|32|64)"
_LONGEST_UNIT_FIRST = sorted(_UNIT_OF, key=len, reverse=True)
# The first group fails at once where no number starts, and most words are none.
_BEFORE = r"(?=[\d.])(?<![\w./'-])(?<!\d,)"
# Behind a fraction a hyphen may follow: 1/4-20 is a thread of a quarter of an inch.
_AFTER = r"(?!,?\d|[./'_]?\w)(?(under)|(?!-\w))"


def _number(thousands: str, plain: str) -> str:
    number = rf"{_FRACTION}|(?P<thousands>{thousands})|(?P<plain>{plain})"
    unit = rf"[ -]?(?P<unit>{'|'.join(_LONGEST_UNIT_FIRST)})(?!\w)"
    return rf"{_BEFORE}(?:{number})(?:{unit}|{_AFTER})"


NUMBER = _number(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", r"\d*\.\d+|\d+")
"""Regular expression of a number that is a word of its own, with the unit behind it, if any."""
NUMBER_WITH_COMMA = _number(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", r"\d+,\d+|\d*\.\d+|\d+")
"""The same in languages that write 1,5 for one and a half, and 1.000 for a thousand."""
_COMMA = """
    armenian basque catalan czech danish dutch estonian finnish french german greek hungarian
    indonesian italian lithuanian norwegian polish portuguese romanian russian serbian spanish
    swedish turkish
"""
COMMA_LANGUAGES = frozenset(_COMMA.split())
"""By the names of their stemmers."""


def spell_out(text: str) -> str:
    """Characters such as ½ as "1/2", apart from a number before them."""

    def written(found: re.Match[str]) -> str:
        space = " " if found[1] else ""
        return found[1] + space + unicodedata.normalize("NFKD", found[2]).translate(_SLASHES)

    return _VULGAR.sub(written, text).translate(_SLASHES)


def number_words(
    whole: str, over: str, under: str, thousands: str, plain: str, unit: str
) -> tuple[str, ...]:
    """The number in decimals, and its unit, of the groups of a match, "" where one has none."""
    if under:
        value = Fraction(int(over), int(under)) + int(whole or 0)
        decimals = f"{float(value):.4f}"
    elif thousands:
        mark = next(c for c in thousands if c in ",.")
        decimals = thousands.replace(mark, "").replace(",", ".")
    else:
        decimals = plain.replace(",", ".")
    if "." in decimals:
        decimals = f"{Decimal(decimals):f}".rstrip("0").rstrip(".")
    return (decimals, _UNIT_OF[unit]) if unit else (decimals,)
