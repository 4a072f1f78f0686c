"""Between which values the inputs of linear layers lie, to round them to 8 bits.

They are seen on texts made of the model's own vocabulary. So they depend on the weights alone:
a catalogue may change without any vector becoming another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recsys_lib.search._bert import Bert, Range
from recsys_lib.search._graphs import compiled, padded
from recsys_lib.search._known_ranges import KNOWN

_WORDS = (1, 2, 4, 8, 16, 32, 60)
_TEXTS = 16  # of each length
_SEED = 42
_PER_LAYER = 4  # linear layers of a BERT layer; the last one's input is what GELU returns
_HIGHEST_OF_GELU = 8.0  # few are up to three times as high, and would make all steps coarse
_DIGITS = 3  # kept, so that processors that round otherwise see the same


def ranges_of(bert: Bert, tokenizer: Any, weights: str) -> list[Range]:
    """A range per linear layer, in the order of the graph."""
    if weights in KNOWN:
        return [Range(*pair) for pair in KNOWN[weights]]
    return observed_ranges(bert, tokenizer)


def observed_ranges(bert: Bert, tokenizer: Any) -> list[Range]:
    """Run the model in float32 on texts made of its vocabulary, and note the extremes."""
    model = compiled(bert.graph(observed=True), 1)
    tokenizer.enable_truncation(bert.max_tokens)
    extremes = []
    for texts in _texts(tokenizer):
        ids = [tokens.ids for tokens in tokenizer.encode_batch_fast(texts)]
        made = model(padded(ids))
        extremes.append([float(made[place]) for place in range(1, len(made))])
    lows, highs = np.array(extremes)[:, ::2].min(axis=0), np.array(extremes)[:, 1::2].max(axis=0)
    of_gelu = highs[_PER_LAYER - 1 :: _PER_LAYER]
    np.minimum(of_gelu, _HIGHEST_OF_GELU, out=of_gelu)
    return [Range(_rounded(low), _rounded(high)) for low, high in zip(lows, highs, strict=True)]


def _texts(tokenizer: Any) -> list[list[str]]:
    """Texts of random words of the vocabulary, the same each time; one batch per length."""
    rng = np.random.default_rng(_SEED)
    words = sorted(word for word in tokenizer.get_vocab() if word.isalnum())
    return [_batch(words, length, rng) for length in _WORDS]


def _batch(words: Sequence[str], length: int, rng: np.random.Generator) -> list[str]:
    chosen = rng.integers(len(words), size=(_TEXTS, length))
    return [" ".join(words[word] for word in row) for row in chosen]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
