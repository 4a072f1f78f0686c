"""Products by words: the only module that touches bm25s.

BM25 over one bag of words per product, in which the words of an important field count several
times: the simple form of BM25F (Robertson, Zaragoza, Taylor 2004).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import bm25s
import numpy as np
import polars as pl

from recsys_lib.errors import ArtifactError
from recsys_lib.search.spelling import Speller
from recsys_lib.search.tokens import Tokenizer

_K1, _B = 1.2, 0.5  # a word's repetition counts for less and less; long texts a little less
_MOST_QUERY_WORDS = 64
_WORDS = {"word": pl.String(), "n": pl.Int64()}
_WORDS_FILE = "lexical.words.parquet"
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
    written: columns word, with its ending, and n, how often; of words that are there twice.
    n_products: rows of the index.
    """

    def __init__(
        self, index: bm25s.BM25, tokenizer: Tokenizer, written: pl.DataFrame, n_products: int
    ) -> None:
        self._index, self._tokenizer, self._n_products = index, tokenizer, n_products
        self._written = written
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
        written: Counter[str] = Counter()
        for field, column in texts.items():
            for row, text in enumerate(column):
                words = tokenizer.split(text)
                written.update(set(words))
                stems = map(tokenizer.stem, words)
                numbers = [vocabulary.setdefault(stem, len(vocabulary)) for stem in stems]
                rows[row] += numbers * weights[field]
        if not vocabulary:  # an empty index has no mean length
            vocabulary, rows = {"": 0}, [[0]] * n_products
        index = bm25s.BM25(k1=_K1, b=_B, method="lucene")
        index.index((rows, vocabulary), create_empty_token=False, show_progress=False)
        several = [(word, n) for word, n in written.items() if n > 1]
        return cls(index, tokenizer, pl.DataFrame(several, schema=_WORDS, orient="row"), n_products)

    @classmethod
    def load(cls, folder: Path, tokenizer: Tokenizer, n_products: int) -> LexicalIndex:
        """Read what :meth:`save` wrote, memory-mapped; ArtifactError when it is damaged."""
        try:
            index = bm25s.BM25.load(folder, mmap=True, allow_pickle=False, **_FILES)
            words = pl.read_parquet(folder / _WORDS_FILE)
        except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
            raise ArtifactError(
                f"{folder}: the lexical index cannot be read ({error}): embed again"
            ) from error
        return cls(index, tokenizer, words, n_products)

    def save(self, folder: Path) -> None:
        """Write the files of the index into ``folder``."""
        self._index.save(folder, allow_pickle=False, show_progress=False, **_FILES)
        self._written.write_parquet(folder / _WORDS_FILE)

    @property
    def n_words(self) -> int:
        """Different words of all products."""
        return len(self._vocabulary)

    def words(self, query: str) -> list[str]:
        """The distinct words of a question that some product has, misspelt ones mended."""
        asked = dict.fromkeys(self._tokenizer.split(query))
        stems = (self._known_stem(word) for word in islice(asked, _MOST_QUERY_WORDS))
        return list(dict.fromkeys(stem for stem in stems if stem is not None))

    def scores(self, query: str) -> np.ndarray:
        """BM25 of every product, float32, shape (n,); 0 where it has none of the words."""
        numbers = [self._vocabulary[word] for word in self.words(query)]
        if not numbers:
            return np.zeros(self._n_products, dtype=np.float32)
        return self._index.get_scores(numbers)

    def _known_stem(self, word: str) -> str | None:
        stem = self._tokenizer.stem(word)
        if stem in self._vocabulary:
            return stem
        with self._lock:
            if self._speller is None:
                self._speller = Speller(self._written.iter_rows())
        meant = self._speller.mended(word)
        return self._tokenizer.stem(meant) if meant is not None else None
