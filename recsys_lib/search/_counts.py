"""How often products have each word, counted in arrays: the only module that uses bm25s."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import scipy

from recsys_lib.imports import without_modules
from recsys_lib.search._words import Tokenizer

with without_modules("numba", "scipy.sparse", "tqdm.auto"):  # of no use here, and slow
    import bm25s


@dataclass(frozen=True)
class WordCounts:
    """The words of products; bm25s takes an object with ``ids`` and ``vocab``.

    Parameters
    ----------
    ids: how often each product has each stem, weighted by field: shape (products, stems).
    vocab: the stems with their columns.
    texts_with: words before stemming, each with the number of texts that have it, in the order of
        their first appearance.
    """

    ids: scipy.sparse.csr_array
    vocab: dict[str, int]
    texts_with: dict[str, int]

    @classmethod
    def of(
        cls, texts: Mapping[str, Sequence[str]], weights: Mapping[str, int], tokenizer: Tokenizer
    ) -> WordCounts:
        """Count the words of each field ``weights[field]`` times; a text per product each."""
        (n_products,) = {len(column) for column in texts.values()}
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        fields = [_Field.of(column, numbers, tokenizer) for column in texts.values()]
        columns: defaultdict[str, int] = defaultdict(count().__next__)
        stems = np.array([columns[tokenizer.stem(word)] for word in numbers], dtype=np.int32)
        texts_with = np.zeros(len(numbers), dtype=np.int64)
        ids = scipy.sparse.csr_array((n_products, len(columns)), dtype=np.int32)
        for name, field in zip(texts, fields, strict=True):
            texts_with += field.texts_with(len(numbers))
            ids += field.counts(stems, len(columns)) * np.int32(weights[name])
        ids.eliminate_zeros()
        said = dict(zip(numbers, texts_with.tolist(), strict=True))
        return cls(ids, dict(columns), said)


@dataclass(frozen=True)
class _Field:
    """The words of one field: those of each distinct text once, since many products share theirs.

    Parameters
    ----------
    words: numbers of the words of one distinct text after the other, int32.
    starts: where each text starts in them, and the end.
    text_of: which distinct text each product has, int64.
    """

    words: np.ndarray
    starts: np.ndarray
    text_of: np.ndarray

    @classmethod
    def of(
        cls, column: Sequence[str], numbers: defaultdict[str, int], tokenizer: Tokenizer
    ) -> _Field:
        """Split the texts; ``numbers`` gives each new word the next number."""
        distinct = {text: row for row, text in enumerate(dict.fromkeys(column))}
        words, starts = array("i"), array("i", [0])
        for text in distinct:
            words.extend(map(numbers.__getitem__, tokenizer.split(text)))
            starts.append(len(words))
        text_of = np.array([distinct[text] for text in column], dtype=np.int64)
        return cls(np.asarray(words, dtype=np.int32), np.asarray(starts), text_of)

    def counts(self, stems: np.ndarray, n_stems: int) -> scipy.sparse.csr_array:
        """How often each product has each stem, shape (products, stems)."""
        return self._counted(stems[self.words], n_stems)[self.text_of]

    def texts_with(self, n_words: int) -> np.ndarray:
        """Number of texts that have each word, int64, shape (words,)."""
        has = self._counted(self.words, n_words)
        times = np.bincount(self.text_of, minlength=has.shape[0])
        times = np.repeat(times, np.diff(has.indptr))
        return np.bincount(has.indices, weights=times, minlength=n_words).astype(np.int64)

    def _counted(self, words: np.ndarray, n_words: int) -> scipy.sparse.csr_array:
        """How often each distinct text has each word."""
        shape = (len(self.starts) - 1, n_words)
        ones = np.ones(len(words), dtype=np.int32)
        counted = scipy.sparse.csr_array((ones, words, self.starts), shape=shape, copy=True)
        counted.sum_duplicates()
        return counted


class CountedBM25(bm25s.BM25):
    """The scores of bm25s of words that are counted already.

    bm25s counts and scores one product after the other.
    """

    def build_index_from_ids(
        self, unique_token_ids: list[int], corpus_token_ids: scipy.sparse.csr_array, **_: Any
    ) -> dict[str, Any]:
        """Lucene's scores of all products and words, column by column.

        ``corpus_token_ids`` has how often each product has each word, shape (products, words).
        """
        self.nonoccurrence_array = None  # only other methods have one
        counts = corpus_token_ids
        n_products, n_words = counts.shape
        with_word = np.bincount(counts.indices, minlength=n_words)
        idf = np.log(1 + (n_products - with_word + 0.5) / (with_word + 0.5)).astype(self.dtype)
        lengths = counts.sum(axis=1)
        norms = self.k1 * ((1 - self.b) + self.b * lengths / lengths.mean())
        times = counts.data.astype(self.dtype)
        scores = idf[counts.indices] * (times / (np.repeat(norms, np.diff(counts.indptr)) + times))
        parts = (scores.astype(self.dtype), counts.indices, counts.indptr)
        by_word = scipy.sparse.csc_array(scipy.sparse.csr_array(parts, shape=counts.shape))
        return {
            "data": by_word.data,
            "indices": by_word.indices,
            "indptr": by_word.indptr.astype(np.int64),
            "num_docs": n_products,
        }
