"""Variants of one product: the same thing in another size, colour or quantity.

Products are variants when their details name one parent, or when their titles are the same but for
sizes, colours, quantities and measures, and their brand is the same, too. A number without a unit
stays: "Halo 2" is another product than "Halo 3".

Words of colour and size are parts of names as well: "Purple Rain", "Xbox One S". So they are left
out where they stand apart, as in "Shirt, red" or "Shirt (S)", and elsewhere only where another
title has another colour, or size, in the same words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from recsys_lib.search._numbers import NUMBER_WITH_COMMA
from recsys_lib.search._words import SIZES, plain

Kind = Literal["colour", "size"]

_COLOURS = """
    aqua beige black blue bronze brown burgundy champagne charcoal chrome clear copper coral cream
    cyan fuchsia gold golden graphite gray green grey indigo ivory khaki lavender lilac lime magenta
    maroon mint multicolor multicolour mustard natural navy olive orange peach pink plum purple red
    rose rust sand silver stainless tan taupe teal turquoise violet white wine yellow light dark
    bright matte pastel
    schwarz weiss rot blau grun gelb grau braun rosa lila silber turkis bunt hell dunkel
    noir noire blanc blanche rouge bleu bleue vert verte jaune gris grise marron argent dore
    negro negra blanco blanca rojo roja azul verde amarillo amarilla morado naranja plata dorado
    nero bianco rosso blu giallo grigio argento zwart wit rood blauw groen geel grijs bruin paars
"""
_SIZES = """
    xxs xs s m l xl xxl xxxl 2xl 3xl 4xl 5xl 6xl 2x 3x 4x 5x small medium large extra mini onesize
    petite tall regular klein mittel gross petit moyen grand pequeno mediano grande piccolo medio
"""
_EACH_KIND = get_args(Kind)
_KINDS: dict[str, Kind] = dict.fromkeys(_SIZES.split(), "size")
_KINDS |= dict.fromkeys(_COLOURS.split(), "colour")
_LINKS = """
    a an and by for in of the to with und mit fur von et avec pour de y con para
    color colour farbe couleur colore kleur size sz grosse taille talla taglia maat
"""
_UNSAID = frozenset(_LINKS.split())
_FEWEST = 2
"""Words that must be left, and be the same: "Shirt, red" says too little of a product."""
_COUNTED = (
    r"packs?|pks?|pcs|pieces?|counts?|ct|units?|sets?|pairs?|bags?|boxes|bottles?|rolls?|dozen"
    r"|stuck|teile?|er-pack|pieces?|piezas?|unidades|pezzi|stuks"
)
_QUANTITY = re.compile(
    r"\b(?:size|sz|us|eu|uk|grosse|gr\.|taille|talla|taglia|maat)[ .:]*\d+(?:[.,/]\d+)?\b"
    rf"|\b(?:{_COUNTED})(?: of)? ?\d+\b"
    rf"|\b\d+[ -]?(?:{_COUNTED})\b"
    r"|(?:\s-|[,/(|]) *\d{1,2}(?:[.,]5)?\)?\s*$"
)
_NETWORK = re.compile(r"\b([2-6])G\b")  # of telephones: no grams
_MEASURE = re.compile(NUMBER_WITH_COMMA)
_APART = re.compile(r"[,;:|/()\[\]]|\s[-\u2013\u2014]\s?")
_WORD = re.compile(r"\w+")


def variant_groups(
    titles: Iterable[str | None], brands: Iterable[str | None], parents: Iterable[str | None]
) -> np.ndarray:
    """For each product the position of the first one of its group, int32, shape (products,)."""
    read = [_Title.read(title or "") for title in titles]
    names = [brand or "" for brand in brands]
    seen = _seen(read, names)
    first: dict[tuple[str, str], int] = {}
    groups = []
    for position, (title, brand, parent) in enumerate(zip(read, names, parents, strict=True)):
        told_apart = seen[title.base, brand]
        key = ("", parent) if parent else (title.key(told_apart), brand)
        known = bool(parent or title.base)
        groups.append(first.setdefault(key, position) if known else position)
    return np.array(groups, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class _Title:
    """What a title says.

    Parameters
    ----------
    words: without measures, quantities, and colours and sizes that stand apart.
    base: the words without any colour and size; "" where that is too little.
    said: the colours and sizes.
    """

    words: list[str]
    base: str
    said: dict[Kind, frozenset[str]]

    @classmethod
    def read(cls, title: str) -> _Title:
        text = _QUANTITY.sub(" ", SIZES.sub(" ", plain(_NETWORK.sub(r"gen\1", title))))
        parts = [_WORD.findall(part) for part in _APART.split(_MEASURE.sub(_without_measure, text))]
        parts = [[word for word in part if word not in _UNSAID] for part in parts]
        of_kind = [word for part in parts for word in part if word in _KINDS]
        said = {
            kind: frozenset(word for word in of_kind if _KINDS[word] == kind) for kind in _EACH_KIND
        }
        words = [w for part in parts if not all(w in _KINDS for w in part) for w in part]
        base = [word for word in words if word not in _KINDS]
        return cls(words, " ".join(base) if len(base) >= _FEWEST else "", said)

    def key(self, told_apart: set[Kind]) -> str:
        """The words but for those of the kinds that tell variants apart."""
        return " ".join(word for word in self.words if _KINDS.get(word) not in told_apart)


def _seen(titles: list[_Title], brands: list[str]) -> dict[tuple[str, str], set[Kind]]:
    """Of which kinds titles with the same other words say different things."""
    said: defaultdict[tuple[str, str, Kind], set[frozenset[str]]] = defaultdict(set)
    kinds: dict[tuple[str, str], set[Kind]] = {}
    for title, brand in zip(titles, brands, strict=True):
        of_base = kinds.setdefault((title.base, brand), set())
        for kind, words in title.said.items():
            if words:
                different = said[title.base, brand, kind]
                different.add(words)
                if len(different) > 1:
                    of_base.add(kind)
    return kinds


def _without_measure(found: re.Match[str]) -> str:
    return " " if found["unit"] else found[0]
