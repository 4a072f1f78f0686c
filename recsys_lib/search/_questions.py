"""Texts like those that people type, made of product texts, to measure an index with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_MOST_WORDS = 6
_SEED = 17


def question_like(texts: Sequence[str], n: int) -> list[str]:
    """``n`` runs of one to six neighbouring words of texts drawn at random, the same each time.

    ``texts`` must not be blank.

    >>> question_like(["dryer belt"], 3)
    ['dryer belt', 'dryer belt', 'dryer']
    """
    rng = np.random.default_rng(_SEED)
    return [_words(texts[int(row)].split(), rng) for row in rng.integers(len(texts), size=n)]


def some_words(text: str, n: int, rng: np.random.Generator) -> str:
    """At most ``n`` words of a text, drawn at random, in their order; "" where it has none."""
    words = [word.strip(".,;:()[]") for word in text.split()]
    words = [word for word in words if any(c.isalnum() for c in word)]
    chosen = np.sort(rng.permutation(len(words))[:n])
    return " ".join(words[position] for position in chosen)


def _words(words: Sequence[str], rng: np.random.Generator) -> str:
    length = int(rng.integers(1, min(_MOST_WORDS, len(words)) + 1))
    start = int(rng.integers(len(words) - length + 1))
    return " ".join(words[start : start + length])
