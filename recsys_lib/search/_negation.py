"""Words that a query rules out: "t-shirt not red", "toaster -bread", "bread without nuts"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

_NOT = {
    "english": "not|isn't|aren't",
    "german": "nicht|keine?[nrs]?",
    "dutch": "niet|geen",
    "french": "pas",
    "spanish": "no",
    "italian": "non",
}
_WITHOUT = {
    "english": r"without|excluding|except(?:\s+for)?|other\s+than|anything\s+but|(?:but|and)\s+no",
    "german": "ohne|außer",
    "dutch": "zonder|behalve",
    "french": "sans|sauf",
    "spanish": "sin|excepto|salvo",
    "italian": "senza|tranne",
}
"""Words of these languages; those of English count in every catalogue."""
_BEFORE = r"(?:\b(?:but|that|which|is|are)\s+){0,3}"
_BETWEEN = r"(?:(?:an?|the|any|in|of|for|from|with|made|too|very|so)\s+)*(?!only\b|just\b|sure\b)"
# The hyphen of "t-shirt" and the minus of "-5" rule nothing out.
_WORD = r"(?:(?:dark|light|bright)\s+)?[^\W\d][\w'-]*"
_THING = rf'(?:"[^"]+"|{_WORD}(?:\s+n?or\s+{_WORD})*)'
_MINUS = re.compile(r'(?<!\S)[-\u2212\u2013](?P<thing>"[^"]+"|[^\W\d][\w\'-]*)')
_OR = re.compile(r"\s+n?or\s+", re.IGNORECASE)
_FREE = r"\b(?:without|not?|non|zero|free\s+(?:of|from)|ohne|kein|sans|sin|senza|zonder)[ -]+{word}"
_FREE += r"|{word}[ -]?(?:free|frei|less)\b"
_ANY = r"\b(?:isn't|aren't|without|not?|non|zero|nicht|kein\w*|ohne|pas|sans|sin|senza)\b"
_ANY += r"|\b(?:niet|geen|zonder)\b"
_ANY += r"|(?:free|frei|less)\b"


class Negations:
    """Titles that rule something out themselves: few, so that a query need not read all titles.

    Parameters
    ----------
    titles: of all products, null where there is none.
    """

    def __init__(self, titles: pl.Series) -> None:
        lower = titles.str.to_lowercase()
        (self._rows,) = np.nonzero(lower.str.contains(_ANY).fill_null(False).to_numpy())
        self._titles = lower[self._rows]

    def say(self, phrase: str) -> bool:
        """Whether one of them has a phrase, such as "not your"."""
        return bool(self._titles.str.contains(phrase, literal=True).any())

    def free_of(self, thing: str) -> np.ndarray:
        """Rows whose titles say that they have it not: "sugar-free", "no sugar"; int64."""
        word = r"\s+".join(re.escape(part) for part in thing.lower().split())
        free = self._titles.str.contains(_FREE.replace("{word}", word))
        return self._rows[free.to_numpy()]


@dataclass(frozen=True)
class Wish:
    """A query taken apart.

    Parameters
    ----------
    wanted: what to look for.
    unwanted: words, or several together, that no product may have.
    """

    wanted: str
    unwanted: tuple[str, ...] = ()

    @classmethod
    def from_query(cls, query: str, said: Negations, language: str = "english") -> Wish:
        """Take out what is ruled out; a query of nothing else is looked for as it is.

        "not" is no negation where a title has it before the same word, as in a brand name.

        >>> said = Negations(pl.Series(["Not Your Type shampoo"]))
        >>> Wish.from_query('shirt not in red or blue -linen -"fake silk"', said)
        Wish(wanted='shirt', unwanted=('red', 'blue', 'linen', 'fake silk'))
        >>> Wish.from_query("bread without nuts", said)
        Wish(wanted='bread', unwanted=('nuts',))
        >>> Wish.from_query("not your type", said).unwanted
        ()
        """
        nots = _pattern(_spoken(_NOT, language))
        patterns = [] if _is_said(query, nots, said) else [nots]
        wanted, unwanted = query, list[str]()
        for pattern in [*patterns, _pattern(_spoken(_WITHOUT, language)), _MINUS]:
            for found in pattern.finditer(wanted):
                unwanted += _things(found["thing"])
            wanted = pattern.sub(" ", wanted)
        wanted = " ".join(wanted.split())
        if not unwanted or not any(c.isalnum() for c in wanted):
            return cls(query)
        return cls(wanted, tuple(unwanted))


def _spoken(words: dict[str, str], language: str) -> str:
    return "|".join(words[name] for name in dict.fromkeys(["english", language]) if name in words)


@cache
def _pattern(words: str) -> re.Pattern[str]:
    return re.compile(rf"{_BEFORE}\b(?:{words})\s+{_BETWEEN}(?P<thing>{_THING})", re.IGNORECASE)


def _things(found: str) -> Sequence[str]:
    if found.startswith('"'):
        return [found.strip('"').strip()] if found.strip('" ') else []
    return _OR.split(found)


def _is_said(query: str, nots: re.Pattern[str], said: Negations) -> bool:
    """Whether a title has "not" before a word that the query has it before."""
    phrases = (" ".join(found[0].lower().split()) for found in nots.finditer(query))
    return any(said.say(phrase) for phrase in phrases)
