"""Texts as the weighted mean of their tokens' vectors: no layers, so hundreds of times as fast.

Order and context of words are lost. References: Tulkens and van Dongen, "Model2Vec" (2024), the
recipe; Spärck Jones, "A statistical interpretation of term specificity" (1972), the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from recsys_lib.registry.parts import open_array
from recsys_lib.search._bert import trained_for
from recsys_lib.search._bert_tokens import BertTokens, ReadsBertTokens
from recsys_lib.search._token_vectors import token_vectors

TOKEN_VECTORS_FILE = "token_vectors.npy"
_UNKNOWN = "[UNK]"
_WEIGHED_AT_MOST = 50_000  # texts; more change the weights of rare tokens only


class StaticModel(ReadsBertTokens):
    """Vectors of tokens, and weights learned from texts; one thread may use it at a time.

    Parameters
    ----------
    folder: of the BERT model that the vectors of tokens come from.
    weights: SHA-256 of its weights.
    stored: file that :meth:`save` wrote; by default each token has its vector of the model.
    """

    batch_tokens = 16_384
    precision, recipe = "float32", "static"

    def __init__(self, folder: Path, weights: str, stored: Path | None = None) -> None:
        self._tokens = BertTokens(folder, trained_for(folder))
        vectors = open_array(stored) if stored else token_vectors(folder, weights)
        self._vectors = self._weighted = vectors.astype(np.float32, copy=False)
        self._unknown = self._tokens.library.token_to_id(_UNKNOWN)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._vectors.shape[1]

    def weigh(self, texts: Sequence[str]) -> None:
        """Let tokens that few of the texts have count for more (idf, as in BM25: never 0)."""
        some = texts[:: max(1, len(texts) // _WEIGHED_AT_MOST)]
        had = np.zeros(len(self._vectors))
        for ids in self._tokens.ids(some):
            had[list(set(ids))] += 1
        idf = np.log1p((len(some) - had + 0.5) / (had + 0.5))
        weighted = (self._vectors * idf[:, None]).astype(np.float16)
        self._weighted = weighted.astype(np.float32)  # as what is read back from the file

    def save(self, folder: Path) -> None:
        """Write the weighted vectors of tokens, float16."""
        np.save(folder / TOKEN_VECTORS_FILE, self._weighted.astype(np.float16))

    def encode_batches(self, batches: Iterable[Sequence[str]]) -> Iterator[np.ndarray]:
        """Vectors of each batch of texts, in order: float32, shape (n, dimension), of length 1."""
        for texts in batches:
            tokens = [ids[1:-1] or [self._unknown] for ids in self._tokens.ids(texts)]
            starts = np.cumsum([0, *(len(ids) for ids in tokens[:-1])])
            sums = np.add.reduceat(self._weighted[np.concatenate(tokens)], starts, axis=0)
            yield sums / np.linalg.norm(sums, axis=1, keepdims=True)

    def encode_query(self, text: str) -> np.ndarray:
        """Vector of a query: float32, shape (dimension,), of length 1."""
        return next(self.encode_batches([[text]]))[0]
