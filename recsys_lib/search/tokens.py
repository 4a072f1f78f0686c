"""Text to words for lexical search: what a person types must be what the catalogue says.

"8-inch", "8inch" and '8"' share their words, and so do "WP-2187172" and "WP2187172"; endings go
("filters", "filter"), and so do capitals and accents.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from recsys_lib.errors import ParameterError, did_you_mean

NO_STEMMER = "none"
_MOST_LETTERS = 64
_COMPOUND = re.compile(r"\w+(?:[-./'_]\w+)*")
_SEPARATORS = re.compile(r"[-./'_]+")
_INCH = re.compile(r"(?<=\d)\s?(?:\"|''|\u2032\u2032|\u201d)")  # the double prime is decomposed
_NUMBER_WITH_UNIT = re.compile(r"(\d+)([^\W\d_]{1,6})")
_CODE_SEPARATORS = re.compile(r"[\W_]+")


class Tokenizer:
    """Words of a text, as they are indexed.

    Parameters
    ----------
    language: of the Snowball stemmer, such as english; none leaves endings as they are.
    """

    def __init__(self, language: str) -> None:
        if language not in (NO_STEMMER, *Stemmer.algorithms()):
            known = [NO_STEMMER, *Stemmer.algorithms()]
            raise ParameterError(
                f"embed.language {language!r} has no stemmer{did_you_mean(language, known)}"
            )
        self.language = language
        self._own = threading.local()
        # A catalogue repeats its words: most are looked up, not stemmed.
        self.stem = str if language == NO_STEMMER else lru_cache(1 << 18)(self._stem)

    def _stem(self, word: str) -> str:
        """Stem with a stemmer of this thread: PyStemmer's objects serve one thread only."""
        if not hasattr(self._own, "stemmer"):
            self._own.stemmer = Stemmer.Stemmer(self.language)
        return self._own.stemmer.stemWord(word)

    def words(self, text: str) -> list[str]:
        """All words of ``text`` in their order; a compound gives its parts and itself, joined."""
        return [self.stem(word) for word in self.split(text)]

    @staticmethod
    def split(text: str) -> list[str]:
        """The same words with their endings."""
        return list(_words(plain(text)))


def plain(text: str) -> str:
    """Lower case, without accents, with one form for each character, and inches in words."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _INCH.sub(" inch ", text).lower()


def code(text: str) -> str:
    """A product code without what people leave out or put in: "wp-2187172" is "WP2187172"."""
    return _CODE_SEPARATORS.sub("", plain(text)).upper()


def _words(text: str) -> Iterator[str]:
    for compound in _COMPOUND.findall(text):
        parts = [part for part in _SEPARATORS.split(compound[:_MOST_LETTERS]) if part]
        for part in parts:
            yield part
            if number := _NUMBER_WITH_UNIT.fullmatch(part):
                yield from number.groups()
        if len(parts) > 1:
            yield "".join(parts)
