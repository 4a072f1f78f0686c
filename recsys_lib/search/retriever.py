"""Answer queries from a stored search part: semantic, lexical or hybrid."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from recsys_lib.errors import QueryError, did_you_mean
from recsys_lib.ranking import best_first
from recsys_lib.search._facts import cautions_of, facts_of
from recsys_lib.search._fusion import Hits, put_first
from recsys_lib.search._identifiers import rows_with_code
from recsys_lib.search._lists import MODES, Asked, Mode, best_products
from recsys_lib.search._models import CrossEncoder, fingerprint, model_folder
from recsys_lib.search._negation import Negations, Wish
from recsys_lib.search._neighbours import near_mean
from recsys_lib.search._part import (
    BACKEND_KEY,
    FAR_KEY,
    MODEL_KEY,
    WEIGHT_KEY,
    SearchPart,
    encoded_with,
)
from recsys_lib.search._queries import encoder_of
from recsys_lib.search._shared import shared
from recsys_lib.search._static import TOKEN_VECTORS_FILE
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.filters import Filters


class ProductSearch:
    """Search in a stored part. Products are rows: positions in ``items``. Threads may share it.

    Parameters
    ----------
    stored
        The opened files; use :meth:`load`.

    Attributes
    ----------
    part
        The folder and its manifest.
    items
        Ids of the products.
    display
        Columns id, title, image_url, one row per product; null where unknown.
    names
        Title of each product, or its id where the title is unknown or blank.
    embeddings
        float32, shape (n, dimension), each row of length 1; memory-mapped.
    parameters
        What the part was built with.

    Examples
    --------
    >>> search = ProductSearch.load(Path("models/sample/v1/search"))  # doctest: +SKIP
    >>> rows, scores = search.search("water filter", 3)  # doctest: +SKIP
    >>> search.names[rows].to_list()  # doctest: +SKIP
    ['Refrigerator water filter', 'Water filter cartridge', 'Filter for ice makers']
    """

    def __init__(self, stored: SearchPart) -> None:
        self._stored = stored
        self.part, self.parameters = stored.part, stored.parameters
        self.items, self.display = stored.items, stored.display
        self.embeddings = stored.embeddings
        title = pl.col("title")
        has_title = title.str.strip_chars().fill_null("") != ""
        names = pl.when(has_title).then(title).otherwise("id")
        self.names: pl.Series = self.display.select(names.alias("name")).to_series()
        self._lock = threading.Lock()
        self._last = threading.local()
        self._encoder: TextEncoder | None = None
        self._reranker: CrossEncoder | None = None

    @classmethod
    def load(cls, folder: Path) -> ProductSearch:
        """Open the part in ``folder`` without the encoder, which the first query loads.

        ArtifactError when a file is missing, or the files are not of one run.
        """
        return cls(SearchPart.load(folder))

    def __len__(self) -> int:
        return len(self.items)

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return self.embeddings.shape[1]

    @property
    def semantic_weight(self) -> float:
        """Share of the semantic score in hybrid search: the one given, or chosen from the data."""
        return float(self.part.parameters[WEIGHT_KEY])

    @property
    def ready(self) -> Literal["static", "full"]:
        """Whether the vectors are the means of those of tokens, or those of the encoder."""
        return "static" if self.part.parameters.get(BACKEND_KEY) == "static" else "full"

    @property
    def texts(self) -> pl.Series:
        """What the encoder read of each product, before the cut."""
        return self._stored.texts

    @property
    def encoder(self) -> TextEncoder:
        """The encoder for queries; ArtifactError unless its weights made the embeddings."""
        with self._lock:
            if self._encoder is None:
                self._encoder = self._load_encoder()
            return self._encoder

    def facts(self) -> dict[str, Any]:
        """What was built and how, to show."""
        return facts_of(self._stored)

    def cautions(self) -> list[str]:
        """What to know before relying on it, in sentences; [] for nothing."""
        return cautions_of(self._stored)

    @property
    def language(self) -> str:
        """The language in which words are stemmed."""
        return self._stored.lexical.language

    def search(
        self,
        query: str,
        k: int,
        *,
        mode: Mode | None = None,
        filters: Filters | dict[str, Any] | None = None,
        semantic_weight: float | None = None,
        offset: int = 0,
        allowed: np.ndarray | None = None,
    ) -> Hits:
        """Find the k products that answer a query best.

        A longer list begins with the shorter one. Products whose code (id, part number, bar code)
        is the whole query come first in every mode. What a query rules out ("shirt not red",
        "shirt -linen", "bread without nuts") no product found has among its words, unless its title
        says that it is free of it.

        Parameters
        ----------
        query
            What to look for, in words or as a product code.
        k
            Number of products wanted.
        mode
            hybrid, semantic or lexical; by default that of the parameters. Semantic search finds
            k products for any query, lexical search only products with a word of the query.
        filters
            Conditions that the products must meet.
        semantic_weight
            Share of the semantic score in hybrid search; by default that of the part.
        offset
            How many of the best products to leave out: those of earlier pages.
        allowed
            Which products may be found, bool, shape (products,); by default all that meet the
            filters.

        Returns
        -------
        Rows, int64, and scores, float, of at most k products, best first.

        Raises
        ------
        QueryError
            When the query is blank, ``k`` below 1, or the mode or a filter unknown.
        ArtifactError
            When the installed encoder is not the one that made the embeddings.

        Examples
        --------
        >>> rows, scores = search.search(
        ...     "water filter", 10, mode="lexical", filters={"max_price": 20}
        ... )  # doctest: +SKIP
        """
        mode = self._checked(query, k, mode)
        allowed = _both(Filters.from_dict(filters).allowed(self._stored.facets), allowed)
        wish = self._wish(query)
        for thing in wish.unwanted:
            allowed = _both(self._without(thing), allowed)
        vector = None if mode == "lexical" else self._vector(wish.wanted)[None]
        weight = self.semantic_weight if semantic_weight is None else semantic_weight
        exact = rows_with_code(self._stored.codes, query)
        if allowed is not None:
            exact = exact[allowed[exact]]
        asked = Asked(wish.wanted, vector, mode, weight, allowed)
        rerank = self._reranked if self.parameters.reranker else None
        rows, scores = put_first(exact, best_products(self._stored, asked, offset + k, rerank))
        return rows[offset : offset + k], scores[offset : offset + k]

    def far(self, query: str, rows: np.ndarray) -> np.ndarray:
        """Which of these products have little to do with a query, bool, shape (len(rows),).

        Semantic search finds products for any query, also for "qwertyuiop". A product is far when
        it has no word of the query and its cosine is below a bound that was learned from the
        catalogue: the one that tells its own words from words without meaning best.
        """
        wanted = self._wish(query).wanted
        unlike = self.embeddings[rows] @ self._vector(wanted) < self.part.parameters[FAR_KEY]
        without_words = self._stored.lexical.scores(wanted)[rows] == 0
        has_code = np.isin(rows, rows_with_code(self._stored.codes, query))
        return np.asarray(unlike & without_words & ~has_code)

    def corrections(self, query: str) -> dict[str, str]:
        """Words of a query that no product has, each with the word that is searched for instead."""
        return self._stored.lexical.corrections(self._wish(query).wanted)

    def matches(self, query: str, text: str) -> list[tuple[int, int]]:
        """Where a text has words of a query, slips corrected: pairs (start, stop), in order."""
        return self._stored.lexical.matches(self._wish(query).wanted, text)

    @property
    def all_facets(self) -> pl.DataFrame:
        """What filters look at, of the products here and then of those without a text."""
        return self._stored.all_facets

    def similar(self, row: int, k: int) -> Hits:
        """Rows and cosines of the k products nearest to the one at ``row``, without it."""
        return self.near(np.array([row]), k)

    def near(self, rows: np.ndarray, k: int, allowed: np.ndarray | None = None) -> Hits:
        """Rows and cosines of the k other products nearest to the mean of those at ``rows``.

        With ``allowed``, bool, shape (products,), only of its products. IndexError for a row that
        does not exist, ValueError for no rows or k below 1.
        """
        return near_mean(self._stored.index, self.embeddings, rows, k, allowed)

    def _checked(self, query: str, k: int, mode: Mode | None) -> Mode:
        if not any(c.isprintable() and c != " " for c in query):
            raise QueryError("the query is empty: give at least one visible character")
        if k < 1:
            raise QueryError(f"k is {k}: ask for at least one product")
        mode = self.parameters.mode if mode is None else mode
        if mode not in MODES:
            raise QueryError(f"there is no search mode {mode!r}{did_you_mean(str(mode), MODES)}")
        return mode

    def _wish(self, query: str) -> Wish:
        return Wish.from_query(query, self._negations, self.language)

    @cached_property
    def _negations(self) -> Negations:
        return Negations(self.names)

    def _without(self, thing: str) -> np.ndarray:
        """Products that do not have it, or say that they are free of it, bool, shape (n,)."""
        without = ~self._stored.lexical.has_all(thing)
        without[self._negations.free_of(thing)] = True
        return without

    def _reranked(self, query: str, hits: Hits) -> Hits:
        """The best hits in the order of the cross-encoder, with its scores."""
        rows = hits[0][: self.parameters.rerank_top]
        if not len(rows):
            return hits
        with self._lock:
            if self._reranker is None:
                self._reranker = _shared_reranker(self.parameters.reranker)
        scores = self._reranker.scores(query, self.texts[rows].to_list())
        order = best_first(scores)
        return rows[order], scores[order]

    def _vector(self, query: str) -> np.ndarray:
        """The vector of a query; each thread keeps its last one, which :meth:`far` needs again."""
        last = self._last
        if getattr(last, "query", None) != query:
            last.vector, last.query = self.encoder.encode_query(query), query
        vector: np.ndarray = last.vector
        return vector

    def _load_encoder(self) -> TextEncoder:
        wanted, p = self.part.parameters[MODEL_KEY], encoded_with(self._stored)
        learned = self.part.manifest["files"].get(TOKEN_VECTORS_FILE, {}).get("sha256")
        key = (TextEncoder, wanted, p.backend, p.precision, p.max_tokens, p.batch_tokens, learned)
        return shared(key, lambda: encoder_of(self._stored))


def _shared_reranker(model: str) -> CrossEncoder:
    weights = fingerprint(model_folder(model))
    return shared((CrossEncoder, weights), lambda: CrossEncoder(model))


def _both(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    """Products that two masks allow; None allows all."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
