"""Ids in the style of the real data: users ``AE...`` and products ``B0...``."""

from __future__ import annotations

import numpy as np
import polars as pl

_BASE_32 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", dtype=np.uint8)
_BASE_36 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)
_ASINS = 36**8
_STEP = 1_000_003_957_451
"""Shares no divisor with 36, so multiples of it modulo 36**8 do not repeat."""


def user_ids(count: int, rng: np.random.Generator) -> pl.Series:
    """Random ids of 28 characters; a repeat is as likely as guessing 130 bits."""
    letters = np.empty((count, 28), dtype=np.uint8)
    letters[:, 0] = ord("A")
    letters[:, 1] = _BASE_32[rng.integers(4, 8, size=count)]
    letters[:, 2:] = _BASE_32[rng.integers(32, size=(count, 26), dtype=np.uint8)]
    return _strings(letters)


def asins(count: int, rng: np.random.Generator) -> pl.Series:
    """Distinct ids of 10 characters that start with B0."""
    number = np.arange(count, dtype=np.int64) % _ASINS
    code = (number * (_STEP % _ASINS) + int(rng.integers(_ASINS))) % _ASINS
    letters = np.empty((count, 10), dtype=np.uint8)
    letters[:, 0], letters[:, 1] = ord("B"), ord("0")
    for place in range(9, 1, -1):
        code, digit = np.divmod(code, 36)
        letters[:, place] = _BASE_36[digit]
    return _strings(letters)


def _strings(letters: np.ndarray) -> pl.Series:
    width = letters.shape[1]
    packed = np.ascontiguousarray(letters).view(f"S{width}").ravel()
    return pl.Series(packed.tolist(), dtype=pl.Binary).cast(pl.String)
