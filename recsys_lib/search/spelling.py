"""Words that the catalogue does not know, mended: the nearest ones that it does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

_SHORTEST = 4
_TWO_ERRORS_FROM = 8
_NEAREST = 5


class Speller:
    """Finds the word that was meant: one letter wrong, missing, added or swapped with the next.

    From eight letters on two such errors are forgiven. Words with digits are left alone: another
    number is another product. Distance: optimal string alignment.

    Parameters
    ----------
    words: (word, how often it is there); those of letters only that are there more than once
        are candidates: a word that is there once may be a slip itself.
    """

    def __init__(self, words: Iterable[tuple[Any, ...]]) -> None:
        self._often: dict[str, int] = {}
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for word, n in words:
            if n > 1 and word.isalpha() and len(word) >= _SHORTEST - 1:
                self._often[word] = n
                self._by_length[len(word)].append(word)

    def mended(self, word: str) -> str | None:
        """The nearest word, of several the most frequent; None when there is none."""
        if len(word) < _SHORTEST or not word.isalpha():
            return None
        most = 2 if len(word) >= _TWO_ERRORS_FROM else 1
        near = range(len(word) - most, len(word) + most + 1)
        candidates = [known for length in near for known in self._by_length.get(length, ())]
        found = process.extract(
            word, candidates, scorer=OSA.distance, score_cutoff=most, limit=_NEAREST, processor=None
        )
        if not found:
            return None
        return min(found, key=lambda match: (match[1], -self._often[match[0]]))[0]
