"""Variants of one product: the same thing in another size, colour or quantity.

Products are variants when their details name one parent, or when their titles are the same but for
sizes, colours, quantities and measures, and their brand is the same, too. A number without a unit
stays: "Halo 2" is another product than "Halo 3".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np

from recsys_lib.search._numbers import NUMBER, spell_out

_COLOURS = """
    aqua beige black blue bronze brown burgundy champagne charcoal chrome clear copper coral cream
    cyan fuchsia gold golden graphite gray green grey indigo ivory khaki lavender lilac lime magenta
    maroon mint multicolor multicolour mustard natural navy olive orange peach pink plum purple red
    rose rust sand silver stainless tan taupe teal turquoise violet white wine yellow light dark
    bright matte pastel
"""
_SIZES = """
    xxs xs s m l xl xxl xxxl 2xl 3xl 4xl 5xl 6xl 2x 3x 4x 5x small medium large extra mini x onesize
    petite tall regular
"""
_UNSAID = frozenset((_COLOURS + _SIZES).split())
_LINKS = {"a", "an", "and", "by", "for", "in", "of", "the", "to", "with"}
_LINKS |= {"color", "colour", "size", "sz"}
_FEWEST = 2
"""Words that must be left, and be the same: "Shirt, red" says too little of a product."""
_COUNTED = (
    r"packs?|pks?|pcs|pieces?|counts?|ct|units?|sets?|pairs?|bags?|boxes|bottles?|rolls?|dozen"
)
_QUANTITY = re.compile(
    r"\b(?:size|sz|us|eu|uk)[ .:]*\d+(?:[.,/]\d+)?\b"
    rf"|\b(?:{_COUNTED})(?: of)? ?\d+\b"
    rf"|\b\d+[ -]?(?:{_COUNTED})\b"
    r"|[-,/(|] *\d{1,2}(?:[.,]5)?\)?\s*$"
)
_INCH = re.compile(r"(?<=\d) ?(?:[\"\u2033\u201d]|'')")
_MEASURE = re.compile(NUMBER)
_WORD = re.compile(r"\w+")


def variant_groups(
    titles: Iterable[str | None], brands: Iterable[str | None], parents: Iterable[str | None]
) -> np.ndarray:
    """For each product the position of the first one of its group, int32, shape (products,)."""
    first: dict[tuple[str, str], int] = {}
    groups = []
    for position, (title, brand, parent) in enumerate(zip(titles, brands, parents, strict=True)):
        key = ("", parent) if parent else (title_key(title or ""), brand or "")
        known = bool(key[0] or parent)
        groups.append(first.setdefault(key, position) if known else position)
    return np.array(groups, dtype=np.int32)


def title_key(title: str) -> str:
    """What the titles of variants share; "" where a title says too little.

    >>> title_key("Oxford Shirt, Navy Blue, XL") == title_key("Oxford shirt - white (S)")
    True
    >>> title_key("Halo 2"), title_key("Halo 3")
    ('halo 2', 'halo 3')
    """
    plain = _INCH.sub(" inch", unicodedata.normalize("NFKC", spell_out(title)).lower())
    plain = _MEASURE.sub(_without_measure, _QUANTITY.sub(" ", plain))
    words = [word for word in _WORD.findall(plain) if word not in _UNSAID and word not in _LINKS]
    return " ".join(words) if len(words) >= _FEWEST else ""


def _without_measure(found: re.Match[str]) -> str:
    return " " if found["unit"] else found[0]
