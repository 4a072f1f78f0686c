"""Texts to the tokens of a BERT model, without sentence-transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

TOKENIZER_FILE = "tokenizer.json"


class BertTokens:
    """The tokenizer of a model's folder; one thread may use it at a time.

    Attributes
    ----------
    max_tokens: longer texts are cut; the two end marks count.
    """

    def __init__(self, folder: Path, max_tokens: int) -> None:
        from tokenizers import Tokenizer  # noqa: PLC0415  # only where a model is loaded

        self.library: Any = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self.library.no_padding()
        self.max_tokens = max_tokens

    def ids(self, texts: Sequence[str], *, cut: bool = True) -> list[list[int]]:
        """Ids of the tokens of each text, with both end marks."""
        if cut:
            self.library.enable_truncation(self.max_tokens)
        else:
            self.library.no_truncation()
        return [tokens.ids for tokens in self.library.encode_batch_fast(list(texts))]

    def counts(self, texts: Sequence[str], *, cut: bool) -> np.ndarray:
        """Tokens of each text with its two end marks, int64, shape (n,); ``cut`` as encoded."""
        return np.array([len(ids) for ids in self.ids(texts, cut=cut)], dtype=np.int64)


class ReadsBertTokens:
    """What models have in common that read texts by ``_tokens``."""

    _tokens: BertTokens

    @property
    def max_tokens(self) -> int:
        """Longer texts are cut; at first, what the model was trained for."""
        return self._tokens.max_tokens

    @max_tokens.setter
    def max_tokens(self, value: int) -> None:
        self._tokens.max_tokens = value

    def token_counts(self, texts: Sequence[str], *, cut: bool) -> np.ndarray:
        """Tokens of each text with its two end marks, int64, shape (n,); ``cut`` as encoded."""
        return self._tokens.counts(texts, cut=cut)
