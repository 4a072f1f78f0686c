"""Words that a query rules out: "t-shirt not red", "toaster -bread"."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

# The hyphen of "t-shirt" and the minus of "-5" rule nothing out.
_MINUS = re.compile(r"(?<!\S)-([^\W\d][\w'-]*)")
_NOT = re.compile(r"\bnot\s+(?:an?\s+|the\s+)?([^\W\d][\w'-]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Wish:
    """A query taken apart.

    Parameters
    ----------
    wanted: what to look for.
    unwanted: words that no product may have.
    """

    wanted: str
    unwanted: tuple[str, ...] = ()

    @classmethod
    def from_query(cls, query: str, titles: pl.Series) -> Wish:
        """Take out what is ruled out; a query of nothing else is looked for as it is.

        "not" is no negation where a title has it before the same word, as in a brand name.

        >>> titles = pl.Series(["Not Your Type shampoo"])
        >>> Wish.from_query("shirt not red -linen", titles)
        Wish(wanted='shirt', unwanted=('red', 'linen'))
        >>> Wish.from_query("not your type", titles).unwanted
        ()
        """
        patterns = [_MINUS] if _is_said(query, titles) else [_NOT, _MINUS]
        wanted, unwanted = query, []
        for pattern in patterns:
            unwanted += pattern.findall(wanted)
            wanted = pattern.sub(" ", wanted)
        wanted = " ".join(wanted.split())
        if not unwanted or not any(c.isalnum() for c in wanted):
            return cls(query)
        return cls(wanted, tuple(unwanted))


def _is_said(query: str, titles: pl.Series) -> bool:
    """Whether a title has "not" before a word that the query has it before."""
    phrases = [f"not {word.lower()}" for word in _NOT.findall(query)]
    lower = titles.str.to_lowercase() if phrases else titles
    return any(lower.str.contains(phrase, literal=True).any() for phrase in phrases)
