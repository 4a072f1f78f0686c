"""Ways to search that are compared: the modes of the product, and titles alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from recsys_lib.ranking import best_first
from recsys_lib.search.lexical import LexicalIndex
from recsys_lib.search.quality.evaluate import Ranker
from recsys_lib.search.retriever import MODES, Mode, ProductSearch
from recsys_lib.search.tokens import Tokenizer


def modes_of(search: ProductSearch) -> dict[str, Ranker]:
    """Each mode of a search part by its name."""
    return {mode: partial(_in_mode, search, mode) for mode in MODES}


def title_baselines(search: ProductSearch, cache: Path | None = None) -> dict[str, Ranker]:
    """The usual starting points: titles alone, by their vectors, and by BM25.

    The titles are encoded here, except for those that are in the file ``cache``.
    """
    titles = search.display["title"].fill_null("").to_list()
    tokenizer = Tokenizer(search.parameters.language)
    words = LexicalIndex.build({"title": titles}, {"title": 1}, tokenizer)
    encoder = search.encoder
    known = encoder.cache(cache) if cache else None
    shown = [title if title.strip() else "-" for title in titles]
    vectors = encoder.encode(shown, show_progress=True, cache=known)

    def by_vectors(query: str, k: int) -> np.ndarray:
        return best_first(vectors @ encoder.encode_query(query), k)

    def by_words(query: str, k: int) -> np.ndarray:
        return best_first(words.scores(query), k)

    return {"titles semantic": by_vectors, "titles lexical": by_words}


def _in_mode(search: ProductSearch, mode: Mode, query: str, k: int) -> np.ndarray:
    return search.search(query, k, mode=mode)[0]
