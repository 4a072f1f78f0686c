"""How many tokens of each text are read so that encoding takes no longer than it may."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recsys_lib.search.encoder import TextEncoder

LEAST_TOKENS = 16
"""Fewer cost accuracy: at 24 hybrid search is within noise of whole texts, see docs/search.md."""
_STEPS = (256, 192, 128, 96, 64, 48, 32, 24, LEAST_TOKENS)
_FEWER = "fewer are not read, but embed.backend static takes seconds"
_PROBED = 64  # texts


def fit_budget(
    texts: Sequence[str],
    encoder: TextEncoder,
    seconds: float,
    cache: Path | None,
    clock: Callable[[], float] = time.perf_counter,
) -> str:
    """Lower ``encoder.max_tokens`` as far as needed; returns a sentence on it, "" if not needed.

    The speed is that of some of the texts. Vectors in the cache cost nothing, so a run with an
    unchanged catalogue chooses what the run before it chose.
    """
    most = encoder.max_tokens
    rate = 0.0
    for tokens in [most, *(step for step in _STEPS if step < most)]:
        encoder.max_tokens = tokens
        new = _new(texts, encoder, cache)
        if not new:
            return _sentence(tokens, most, "all vectors were in the cache")
        rate = rate or _tokens_per_second(new, encoder, clock)
        needed = np.minimum(encoder.token_counts(new), tokens).sum() / rate
        if needed <= seconds:
            break
    said = f"about {needed:,.0f} s at {rate:,.0f} tokens/s"
    return _sentence(tokens, most, said if needed <= seconds else f"{said}; {_FEWER}")


def _sentence(tokens: int, most: int, why: str) -> str:
    if tokens == most:
        return ""
    return f"{tokens} instead of {most}, to keep embed.budget_seconds: {why}"


def _new(texts: Sequence[str], encoder: TextEncoder, cache: Path | None) -> list[str]:
    distinct = list(dict.fromkeys(map(encoder.cut, texts)))
    known = encoder.cache(cache) if cache else None
    return known.missing(distinct) if known else distinct


def _tokens_per_second(
    texts: Sequence[str], encoder: TextEncoder, clock: Callable[[], float]
) -> float:
    """Of some texts from all of ``texts``; they are encoded twice, which takes a second or two."""
    rows = np.unique(np.linspace(0, len(texts) - 1, _PROBED, dtype=int))
    some = [texts[row] for row in rows]
    encoder.encode(some[:2])  # the first time takes longer
    began = clock()
    encoder.encode(some)
    took = clock() - began
    return float(np.minimum(encoder.token_counts(some), encoder.max_tokens).sum() / max(took, 1e-9))
