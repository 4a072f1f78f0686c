"""Words of a text for lexical search: split, stemmed, and corrected when misspelled.

However a query is written, it must share words with the catalogue: "8-inch", "8inch" and '8"' do,
and so do "WP-2187172" and "WP2187172", "12x18" and "12 x 18", "2 in 1" and "2-in-1". Inflections
("filters", "filter"), capitals, accents and letters such as ø do not matter. Chinese and Japanese
have no blanks, so each pair of their characters is a word, too.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any

import Stemmer
from rapidfuzz import process
from rapidfuzz.distance import OSA

from recsys_lib.errors import ParameterError, did_you_mean
from recsys_lib.search._numbers import (
    COMMA_LANGUAGES,
    NUMBER,
    NUMBER_WITH_COMMA,
    number_words,
    spell_out,
)

NO_STEMMER = "none"
_MOST_LETTERS = 64
_STEMS_KEPT, _TOKENS_KEPT = 1 << 18, 1 << 17
_COMPOUND = r"\w+(?:[-./'_]\w+)*"
_COMPOUNDS = re.compile(_COMPOUND)
_TOKEN = re.compile(rf"{NUMBER}|({_COMPOUND})")
_TOKEN_WITH_COMMA = re.compile(rf"{NUMBER_WITH_COMMA}|({_COMPOUND})")
_DIGIT = re.compile(r"\d")
_SEPARATORS = re.compile(r"[-./'_]+")
_MARK, _TIMES_SIGN = re.compile("[\"'\u2032\u2019\u201d]"), re.compile("[x\u00d7]")
_INCH = re.compile(r"(?<=\d)\s?(?:\"|''|\u2032\u2032|\u201d)")  # NFKD splits the double prime
_FEET = re.compile(r"(?<=\d)['\u2032\u2019](?:(?=\s?\d[\d./ ]*inch )|(?![\w'\u2032\u2019]))")
_SIZE = r"\d+(?:[.,/]\d+)*(?:\s?(?:inch|in|ft|cm|mm|m)\b)?"
SIZES = re.compile(rf"(?<![\w.,/-]){_SIZE}(?:\s*[x\u00d7]\s*{_SIZE})+")
_TIMES, _BY = re.compile(r"\s*[x\u00d7]\s*"), "x"
_ALL_IN_ONE = re.compile(r"(?<![\w.,/-])(\d{1,2})[ -]in[ -]1(?![\w.,/])")
_NUMBER_WITH_UNIT = re.compile(r"(\d+)([^\W\d_]{1,6})")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{3,}")
# Letters that Unicode does not decompose; casefold() does so for ß.
_FOLDED = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "\u0131": "i",
    }
)
_CODE_SEPARATORS = re.compile(r"[\W_]+")

_SHORTEST_CORRECTED = 4
_TWO_ERRORS_FROM = 8
_NEAREST = 5


class Tokenizer:
    """Splits texts into the words that are indexed. Threads may share it.

    Parameters
    ----------
    language: of the Snowball stemmer, such as english; "none" keeps words as they are.
    """

    def __init__(self, language: str) -> None:
        if language not in (NO_STEMMER, *Stemmer.algorithms()):
            known = [NO_STEMMER, *Stemmer.algorithms()]
            raise ParameterError(
                f"embed.language {language!r} has no stemmer{did_you_mean(language, known)}"
            )
        self.language = language
        self._token = _TOKEN_WITH_COMMA if language in COMMA_LANGUAGES else _TOKEN
        self._thread = threading.local()
        # Catalogues repeat their words, so most stems come from this cache.
        self.stem = str if language == NO_STEMMER else lru_cache(_STEMS_KEPT)(self._stem)

    def words(self, text: str) -> list[str]:
        """Stems of all words in their order; a compound gives its parts and the parts joined."""
        return [self.stem(word) for word in self.split(text)]

    def split(self, text: str) -> list[str]:
        """The same words before stemming."""
        text = plain(text)
        found = (
            map(_token_words, self._token.findall(text))
            if _DIGIT.search(text)
            else map(_compound_words, _COMPOUNDS.findall(text))
        )
        words = list(chain.from_iterable(found))
        return words + _products(words) if _BY in words else words

    def _stem(self, word: str) -> str:
        """Each thread has its own stemmer: PyStemmer's objects are not thread-safe."""
        if not hasattr(self._thread, "stemmer"):
            self._thread.stemmer = Stemmer.Stemmer(self.language)
        return self._thread.stemmer.stemWord(word)


class Speller:
    """Corrects words that the catalogue does not know.

    A word may have one letter wrong, missing, added or swapped with its neighbour; from eight
    letters on, two such errors (optimal string alignment distance). Words with digits are never
    corrected: another number is another product.

    Parameters
    ----------
    words: pairs (word, number of products with it). Candidates consist of letters and appear more
        than once, because a word that appears once may itself be a typo.
    """

    def __init__(self, words: Iterable[tuple[Any, ...]]) -> None:
        self._counts: dict[str, int] = {}
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for word, n in words:
            if n > 1 and word.isalpha() and len(word) >= _SHORTEST_CORRECTED - 1:
                self._counts[word] = n
                self._by_length[len(word)].append(word)

    def corrected(self, word: str) -> str | None:
        """The nearest known word, the most frequent of equally near ones; None without any."""
        if len(word) < _SHORTEST_CORRECTED or not word.isalpha():
            return None
        most = 2 if len(word) >= _TWO_ERRORS_FROM else 1
        near = range(len(word) - most, len(word) + most + 1)
        candidates = [known for length in near for known in self._by_length.get(length, ())]
        found = process.extract(
            word, candidates, scorer=OSA.distance, score_cutoff=most, limit=_NEAREST, processor=None
        )
        if not found:
            return None
        return min(found, key=lambda match: (match[1], -self._counts[match[0]]))[0]


def plain(text: str) -> str:
    """Lower case, one form for each character, without accents; marks such as " and ½ as words."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", spell_out(text))
        bare = "".join(c for c in decomposed if not unicodedata.combining(c))
        text = bare.casefold().translate(_FOLDED)
    return _measured(text) if _DIGIT.search(text) else text.lower()


def code(text: str) -> str:
    """A product code in one form: "wp-2187172" is "WP2187172"."""
    return _CODE_SEPARATORS.sub("", plain(text)).upper()


def _measured(text: str) -> str:
    """Lower case, and one form for sizes. All of it is about digits and one more character."""
    if _MARK.search(text):
        text = _FEET.sub(" ft ", _INCH.sub(" inch ", text))
    text = text.lower()
    if _TIMES_SIGN.search(text):
        text = SIZES.sub(lambda sizes: _TIMES.sub(" x ", sizes[0]), text)
    return _ALL_IN_ONE.sub(r"\1in1", text) if "in" in text else text


@lru_cache(_TOKENS_KEPT)
def _token_words(groups: tuple[str, ...]) -> tuple[str, ...]:
    """The words of the groups of one match: those of a number, and a compound."""
    *number, compound = groups
    return _compound_words(compound) if compound else number_words(*number)


@lru_cache(_TOKENS_KEPT)
def _compound_words(compound: str) -> tuple[str, ...]:
    return tuple(_parts(compound[:_MOST_LETTERS]))


def _parts(compound: str) -> Iterator[str]:
    parts = [part for part in _SEPARATORS.split(compound) if part]
    for part in parts:
        yield part
        if not part.isascii():
            yield from _pairs(part)
        if number := _NUMBER_WITH_UNIT.fullmatch(part):
            yield from number.groups()
    if len(parts) > 1:
        yield "".join(parts)


def _pairs(part: str) -> Iterator[str]:
    for run in _UNSPACED.findall(part):
        yield from (run[start : start + 2] for start in range(len(run) - 1))


def _products(words: list[str]) -> list[str]:
    """Sizes such as "12x18" as one word, which is rarer than its numbers."""
    return [
        f"{one}{_BY}{other}"
        for one, by, other in zip(words, words[1:], words[2:], strict=False)
        if by == _BY and one[0].isdigit() and other[0].isdigit()
    ]
