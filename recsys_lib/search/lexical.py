"""Products by words: the only module that touches bm25s.

BM25 over one bag of words per product, in which the words of an important field count several
times: the simple form of BM25F (Robertson, Zaragoza, Taylor 2004).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import bm25s
import numpy as np

from recsys_lib.errors import ArtifactError
from recsys_lib.search.spelling import Speller
from recsys_lib.search.tokens import Tokenizer

_K1, _B = 1.2, 0.5  # a word's repetition counts for less and less; long texts a little less
_MOST_QUERY_WORDS = 64
_FILES = {
    "data_name": "lexical.data.npy",
    "indices_name": "lexical.indices.npy",
    "indptr_name": "lexical.indptr.npy",
    "vocab_name": "lexical.vocabulary.json",
    "params_name": "lexical.parameters.json",
}


class LexicalIndex:
    """Words of all products, to be asked with the words of a question.

    Parameters
    ----------
    index: the stored BM25 scores of each word and product.
    tokenizer: the one that the products were taken apart with.
    n_products: rows of the index.
    """

    def __init__(self, index: bm25s.BM25, tokenizer: Tokenizer, n_products: int) -> None:
        self._index, self._tokenizer, self._n_products = index, tokenizer, n_products
        self._vocabulary: dict[str, int] = index.vocab_dict
        self._speller: Speller | None = None
        self._lock = threading.Lock()

    @classmethod
    def build(
        cls, texts: Mapping[str, Sequence[str]], weights: Mapping[str, int], tokenizer: Tokenizer
    ) -> LexicalIndex:
        """Index the texts of each field; the words of a field count ``weights[field]`` times."""
        (n_products,) = {len(column) for column in texts.values()}
        vocabulary: dict[str, int] = {}
        rows: list[list[int]] = [[] for _ in range(n_products)]
        for field, column in texts.items():
            for row, text in enumerate(column):
                words = tokenizer.words(text)
                numbers = [vocabulary.setdefault(word, len(vocabulary)) for word in words]
                rows[row] += numbers * weights[field]
        index = bm25s.BM25(k1=_K1, b=_B, method="lucene")
        vocabulary = vocabulary or {"": 0}
        index.index((rows, vocabulary), create_empty_token=False, show_progress=False)
        return cls(index, tokenizer, n_products)

    @classmethod
    def load(cls, folder: Path, tokenizer: Tokenizer, n_products: int) -> LexicalIndex:
        """Read what :meth:`save` wrote, memory-mapped; ArtifactError when it is damaged."""
        try:
            index = bm25s.BM25.load(folder, mmap=True, allow_pickle=False, **_FILES)
        except (OSError, ValueError, KeyError) as error:
            raise ArtifactError(
                f"{folder}: the lexical index cannot be read ({error}): embed again"
            ) from error
        return cls(index, tokenizer, n_products)

    def save(self, folder: Path) -> None:
        """Write the files of the index into ``folder``."""
        self._index.save(folder, allow_pickle=False, show_progress=False, **_FILES)

    @property
    def n_words(self) -> int:
        """Different words of all products."""
        return len(self._vocabulary)

    def words(self, query: str) -> list[str]:
        """The distinct words of a question that some product has, misspelt ones mended."""
        asked = list(dict.fromkeys(self._tokenizer.words(query)))[:_MOST_QUERY_WORDS]
        meant = (word if word in self._vocabulary else self._mended(word) for word in asked)
        return list(dict.fromkeys(word for word in meant if word is not None))

    def scores(self, query: str) -> np.ndarray:
        """BM25 of every product, float32, shape (n,); 0 where it has none of the words."""
        numbers = [self._vocabulary[word] for word in self.words(query)]
        if not numbers:
            return np.zeros(self._n_products, dtype=np.float32)
        return self._index.get_scores(numbers)

    def _mended(self, word: str) -> str | None:
        with self._lock:
            if self._speller is None:
                n_products = np.diff(self._index.scores["indptr"]).tolist()
                pairs = ((word, n_products[number]) for word, number in self._vocabulary.items())
                self._speller = Speller(pairs)
        return self._speller.mended(word)
