"""The lexical index.

BM25 over one bag of words per product, in which the words of important fields count several
times: the simple form of BM25F. Reference: Robertson, Zaragoza, Taylor, "Simple BM25 extension to
multiple weighted fields" (2004).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl
import scipy

from recsys_lib.errors import ArtifactError
from recsys_lib.ranking import best_first
from recsys_lib.search._counts import CountedBM25, WordCounts
from recsys_lib.search._fusion import Hits
from recsys_lib.search._words import Speller, Tokenizer

# k1: how soon repetitions of a word stop to count. b: how much a long text lowers the score; less
# than the usual 0.75, since long product texts are detailed and not verbose.
_K1, _B = 1.2, 0.5
_MOST_QUERY_WORDS = 64
_SEEN_WORD = re.compile(r"\w+(?:[-./'_]\w+)*")
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
    """BM25 scores of all products for the words of a query.

    Parameters
    ----------
    index: the stored BM25 score of each word and product.
    tokenizer: the one that split the texts of the products.
    spellings: words before stemming, to correct queries with: columns word and n, the number of
        texts with it, at least two.
    n_products: rows of the index.
    """

    def __init__(
        self, index: CountedBM25, tokenizer: Tokenizer, spellings: pl.DataFrame, n_products: int
    ) -> None:
        self._index, self._tokenizer, self._n_products = index, tokenizer, n_products
        self._spellings = spellings
        self._vocabulary: dict[str, int] = index.vocab_dict
        self._speller: Speller | None = None
        self._lock, self._last = threading.Lock(), threading.local()

    @classmethod
    def from_texts(
        cls, texts: Mapping[str, Sequence[str]], weights: Mapping[str, int], tokenizer: Tokenizer
    ) -> LexicalIndex:
        """Index the texts of each field; the words of a field count ``weights[field]`` times."""
        counts = WordCounts.of(texts, weights, tokenizer)
        n_products = counts.ids.shape[0]
        if not counts.vocab:  # the mean length of an empty index would be zero
            ids = scipy.sparse.csr_array(np.ones((n_products, 1), dtype=np.int32))
            counts = WordCounts(ids, {"": 0}, {})
        index = CountedBM25(k1=_K1, b=_B, method="lucene")
        index.index(counts, create_empty_token=False, show_progress=False)
        several = [(word, n) for word, n in counts.texts_with.items() if n > 1]
        return cls(index, tokenizer, pl.DataFrame(several, schema=_WORDS, orient="row"), n_products)

    @classmethod
    def load(cls, folder: Path, tokenizer: Tokenizer, n_products: int) -> LexicalIndex:
        """Read what :meth:`save` wrote, memory-mapped; ArtifactError when it is damaged."""
        try:
            index = CountedBM25.load(folder, mmap=True, allow_pickle=False, **_FILES)
            spellings = pl.read_parquet(folder / _WORDS_FILE, glob=False)
        except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as error:
            raise ArtifactError(
                f"{folder}: the lexical index cannot be read ({error}): run the embed step again"
            ) from error
        return cls(index, tokenizer, spellings, n_products)

    def save(self, folder: Path) -> None:
        """Write the files of the index into ``folder``."""
        self._index.save(folder, allow_pickle=False, show_progress=False, **_FILES)
        self._spellings.write_parquet(folder / _WORDS_FILE)

    @property
    def language(self) -> str:
        """Of the stemmer; "none" where words are kept as they are."""
        return self._tokenizer.language

    @property
    def n_words(self) -> int:
        """Number of distinct words in all products."""
        return len(self._vocabulary)

    def words(self, query: str) -> list[str]:
        """The distinct words of a query that products have, misspelled ones corrected."""
        split = dict.fromkeys(self._tokenizer.split(query))
        stems = (self._known_stem(word) for word in islice(split, _MOST_QUERY_WORDS))
        return list(dict.fromkeys(stem for stem in stems if stem is not None))

    def scores(self, query: str) -> np.ndarray:
        """BM25 of every product, float32, shape (n,); 0 for products without any of the words.

        Each thread keeps those of its last query, which is often asked again; do not write to them.
        """
        last = self._last
        if getattr(last, "query", None) != query:
            last.scores, last.query = self._all_scores(query), query
            last.scores.flags.writeable = False
        scores: np.ndarray = last.scores
        return scores

    def _all_scores(self, query: str) -> np.ndarray:
        numbers = [self._vocabulary[word] for word in self.words(query)]
        if not numbers:
            return np.zeros(self._n_products, dtype=np.float32)
        return self._index.get_scores(numbers)

    def has_all(self, text: str) -> np.ndarray:
        """Whether each product has all words of a text, bool, shape (n,); nothing is corrected."""
        stems = set(self._tokenizer.words(text))
        if not stems or not stems <= self._vocabulary.keys():
            return np.zeros(self._n_products, dtype=bool)
        scores = (self._index.get_scores([self._vocabulary[stem]]) for stem in stems)
        return np.logical_and.reduce([of_stem > 0 for of_stem in scores])

    def best(self, query: str, k: int, allowed: np.ndarray | None = None) -> Hits:
        """The k best products that have a word of the query; with ``allowed``, bool, of those."""
        scores = self.scores(query)
        if allowed is not None:
            scores = np.where(allowed, scores, np.float32(0))
        rows = best_first(scores, k)
        rows = rows[scores[rows] > 0]
        return rows, scores[rows]

    def corrections(self, query: str) -> dict[str, str]:
        """Words of a query that no product has, each with the word that is searched for instead."""
        unknown = (
            word
            for word in islice(dict.fromkeys(self._tokenizer.split(query)), _MOST_QUERY_WORDS)
            if self._tokenizer.stem(word) not in self._vocabulary
        )
        found = {word: self._corrected(word) for word in unknown}
        return {word: other for word, other in found.items() if other is not None}

    def matches(self, query: str, text: str) -> list[tuple[int, int]]:
        """Where a text has words of a query, however written: pairs (start, stop), in order."""
        wanted = set(self.words(query))
        return [
            word.span()
            for word in _SEEN_WORD.finditer(text)
            if not wanted.isdisjoint(self._tokenizer.words(word[0]))
        ]

    def _known_stem(self, word: str) -> str | None:
        stem = self._tokenizer.stem(word)
        if stem in self._vocabulary:
            return stem
        corrected = self._corrected(word)
        return self._tokenizer.stem(corrected) if corrected is not None else None

    def _corrected(self, word: str) -> str | None:
        with self._lock:
            if self._speller is None:
                self._speller = Speller(self._spellings.iter_rows())
        return self._speller.corrected(word)
