"""A causal transformer over items in NumPy: what PyTorch learned, without loading PyTorch.

Weights are named as in :mod:`recsys_lib.blend.sources._transformer`; a test holds both to the same
scores.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import erf

_EPSILON = 1e-5


def last_states(
    weights: Mapping[str, np.ndarray], items: np.ndarray, lengths: np.ndarray
) -> np.ndarray:
    """The state after the last item of each sequence, float32, shape (users, d).

    ``items`` is int, shape (users, longest), oldest first, padded at the end; ``lengths`` are at
    least 1. ``weights["items"]`` has the shape (items, d).
    """
    table = weights["items"]
    states = table[items] * np.float32(np.sqrt(table.shape[1]))
    states = states + weights["places"][: items.shape[1]]
    n_blocks = sum(name.endswith(".attention.weight") for name in weights)
    for number in range(n_blocks):
        states = _block(weights, f"{number}.", states)
    ends = states[np.arange(len(items)), lengths - 1]
    return _normalized(ends, weights, "norm")


def _block(weights: Mapping[str, np.ndarray], prefix: str, states: np.ndarray) -> np.ndarray:
    users, length, d = states.shape
    heads = int(weights["heads"][0])
    together = _linear(
        _normalized(states, weights, f"{prefix}norm1"), weights, f"{prefix}attention"
    )
    query, key, value = together.reshape(users, length, 3, heads, d // heads).transpose(
        2, 0, 3, 1, 4
    )
    logits = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(d // heads))
    # Nothing may look ahead, and so nothing looks at the padding at the end either.
    logits[..., np.triu(np.ones((length, length), dtype=bool), 1)] = -np.inf
    logits -= logits.max(axis=-1, keepdims=True)
    attention = np.exp(logits)
    attention /= attention.sum(axis=-1, keepdims=True)
    mixed = (attention @ value).transpose(0, 2, 1, 3).reshape(users, length, d)
    states = states + _linear(mixed, weights, f"{prefix}mix")
    inner = _gelu(
        _linear(_normalized(states, weights, f"{prefix}norm2"), weights, f"{prefix}widen")
    )
    return states + _linear(inner, weights, f"{prefix}narrow")


def _linear(states: np.ndarray, weights: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    return states @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normalized(states: np.ndarray, weights: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    centered = states - states.mean(axis=-1, keepdims=True)
    scale = np.sqrt((centered**2).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
    return centered / scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def _gelu(values: np.ndarray) -> np.ndarray:
    half = np.float32(0.5)
    return half * values * (1 + erf(values / np.float32(np.sqrt(2)))).astype(np.float32)
