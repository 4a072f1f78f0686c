"""The search part of a model version, asked: by meaning, by words, or both."""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from recsys_lib.errors import ArtifactError, QueryError, did_you_mean
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EmbedParameters
from recsys_lib.ranking import best_first
from recsys_lib.registry.parts import INDEX_FILE, Part
from recsys_lib.search.build import (
    CODES_FILE,
    EMBEDDINGS_FILE,
    FACETS_FILE,
    ITEMS_FILE,
    ITEMS_KEY,
    MODEL_KEY,
    TEXTS_FILE,
    ids_sha256,
    text_encoder,
)
from recsys_lib.search.encoder import CrossEncoder, TextEncoder
from recsys_lib.search.filters import Filters
from recsys_lib.search.fusion import DEPTH, fuse
from recsys_lib.search.identifiers import rows_with_code
from recsys_lib.search.index import Index, load_index, stored_vector
from recsys_lib.search.lexical import LexicalIndex
from recsys_lib.search.neighbours import nearest
from recsys_lib.search.tokens import Tokenizer

Mode = Literal["hybrid", "semantic", "lexical"]
MODES: tuple[Mode, ...] = get_args(Mode)
Answer = tuple[np.ndarray, np.ndarray]
"""Rows and scores, best first."""

_FILES = (EMBEDDINGS_FILE, INDEX_FILE, ITEMS_FILE, TEXTS_FILE, FACETS_FILE, CODES_FILE)
_FEWEST_LIKE = 0.5  # cosine of a stored vector and the same one quantized; others have about 0.2
_COMPARED_ROWS = 5


class ProductSearch:
    """A stored search part; rows are positions in ``items``.

    Attributes
    ----------
    part: the files and their manifest.
    items: ids of the indexed products.
    display: what to show of each, columns id, title, image_url; null where unknown.
    embeddings: float32, shape (n, dimension), each row of length 1; memory-mapped.
    parameters: what the part was built with.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        names = EmbedParameters.model_fields
        stored = {name: value for name, value in part.parameters.items() if name in names}
        self.parameters = EmbedParameters(**stored)
        self.display = pl.read_parquet(part.folder / ITEMS_FILE)
        self.items = IdMap(self.display["id"])
        self.embeddings = part.array(EMBEDDINGS_FILE)
        self._index = load_index(part.folder / INDEX_FILE)
        self._check()
        self._lexical = LexicalIndex.load(
            part.folder, Tokenizer(self.parameters.language), len(self.items)
        )
        self._facets = pl.read_parquet(part.folder / FACETS_FILE)
        self._codes = pl.read_parquet(part.folder / CODES_FILE)
        self._weight = self.parameters.semantic_weight
        self._lock = threading.Lock()
        self._encoder: TextEncoder | None = None
        self._reranker: CrossEncoder | None = None

    @classmethod
    def load(cls, folder: Path) -> ProductSearch:
        """Open the part without the language model, which is loaded for the first query by it.

        ArtifactError when the part is not whole, or its files are not of one and the same run.
        """
        part = Part.read(folder)
        missing = {*_FILES} - {*part.manifest["files"]}
        if missing:
            raise ArtifactError(
                f"{folder} holds no {min(missing)}, it is of another version: embed again"
            )
        return cls(part)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return self.embeddings.shape[1]

    def facts(self) -> dict[str, Any]:
        """What was built and how, to show."""
        metrics, parameters = self.part.manifest["metrics"], self.part.parameters
        return {
            "products in the index": len(self),
            "products without text, left out": metrics["search.empty_texts"],
            "texts encoded now, the others were known": metrics["search.texts_encoded"],
            "texts per second": round(metrics["search.texts_per_second"]),
            "precision": parameters["encoded_in"],
            "length of a vector": self.dimension,
            "index of vectors": parameters["index_kind"],
            "of the ten nearest products it finds": f"{metrics['search.index_recall@10']:.1%}",
            "different words": self._lexical.n_words,
            "product codes": len(self._codes),
        }

    @cached_property
    def texts(self) -> pl.Series:
        """What the language model read of each product, before the cut."""
        return pl.read_parquet(self.part.folder / TEXTS_FILE)["text"]

    @property
    def encoder(self) -> TextEncoder:
        """The language model for queries; ArtifactError unless it is the catalogue's own."""
        with self._lock:
            if self._encoder is None:
                self._encoder = self._load_encoder()
            return self._encoder

    def search(
        self,
        query: str,
        k: int,
        *,
        mode: Mode | None = None,
        filters: Filters | dict[str, Any] | None = None,
        semantic_weight: float | None = None,
    ) -> Answer:
        """Rows and scores of the k products that answer ``query`` best, best first.

        ``mode`` and ``semantic_weight`` are those of the parameters by default. Products that
        have the whole query as their code come first in every mode. QueryError when it is
        blank, k below 1, or mode or filters are not known.
        """
        mode = self._checked(query, k, mode)
        allowed = Filters.of(filters).allowed(self._facets)
        depth = max(k, DEPTH, self.parameters.rerank_top)
        if mode == "lexical":
            found = self._by_words(query, depth, allowed)
        elif mode == "semantic":
            found = self._by_meaning(query, depth, allowed)
        else:
            both = self._by_meaning(query, depth, allowed), self._by_words(query, depth, allowed)
            weight = semantic_weight if semantic_weight is not None else self._weight
            found = fuse(*both, weight)
        if self.parameters.reranker and mode != "lexical":
            found = self._reranked(query, found)
        rows, scores = self._codes_first(query, found, allowed)
        return rows[:k], scores[:k]

    def similar(self, row: int, k: int) -> Answer:
        """Rows and cosines of the k other products whose text is nearest to that of ``row``."""
        return self.near(np.array([row]), k)

    def near(self, rows: np.ndarray, k: int) -> Answer:
        """Rows and cosines of the k other products nearest to the mean of those at ``rows``.

        IndexError for a row that does not exist, ValueError for no rows or k below 1.
        """
        given = np.unique(rows)
        if len(given) == 0 or k < 1:
            raise ValueError(f"give at least one row and k of at least 1, not {rows} and {k}")
        if given[0] < 0 or given[-1] >= len(self):
            raise IndexError(f"rows must be between 0 and {len(self) - 1:,}, not {rows}")
        mean = self.embeddings[given].mean(axis=0, keepdims=True)
        mean /= max(float(np.linalg.norm(mean)), np.finfo(np.float32).tiny)
        found, scores = self._nearest(mean, k + len(given), None)
        others = ~np.isin(found, given)
        return found[others][:k], scores[others][:k]

    def _checked(self, query: str, k: int, mode: Mode | None) -> Mode:
        if not query.strip():
            raise QueryError("the query is empty: give at least one visible character")
        if k < 1:
            raise QueryError(f"k is {k}: ask for at least one product")
        mode = mode or self.parameters.mode
        if mode not in MODES:
            raise QueryError(f"there is no search mode {mode!r}{did_you_mean(str(mode), MODES)}")
        return mode

    def _by_meaning(self, query: str, k: int, allowed: np.ndarray | None) -> Answer:
        return self._nearest(self.encoder.encode_query(query)[None], k, allowed)

    def _by_words(self, query: str, k: int, allowed: np.ndarray | None) -> Answer:
        scores = self._lexical.scores(query)
        if allowed is not None:
            scores = np.where(allowed, scores, np.float32(0))
        rows = best_first(scores, k)
        rows = rows[scores[rows] > 0]
        return rows, scores[rows]

    def _nearest(self, vector: np.ndarray, k: int, allowed: np.ndarray | None) -> Answer:
        return nearest(self._index, self.embeddings, vector, k, allowed)[0]

    def _codes_first(self, query: str, found: Answer, allowed: np.ndarray | None) -> Answer:
        """The answer with the products on top whose code the query is, above the best score."""
        rows, scores = found
        exact = rows_with_code(self._codes, query)
        exact = exact if allowed is None else exact[allowed[exact]]
        if not len(exact):
            return found
        others = ~np.isin(rows, exact)
        top = float(scores.max(initial=0.0)) + 1.0
        return (
            np.concatenate([exact, rows[others]]),
            np.concatenate([np.full(len(exact), top), scores[others]]),
        )

    def _reranked(self, query: str, found: Answer) -> Answer:
        """The best answers in the order of the cross-encoder, with its scores; no others."""
        rows = found[0][: self.parameters.rerank_top]
        with self._lock:
            if self._reranker is None:
                self._reranker = CrossEncoder(self.parameters.reranker)
        scores = self._reranker.scores(query, self.texts[rows].to_list())
        order = best_first(scores)
        return rows[order], scores[order]

    def _check(self) -> None:
        """ArtifactError unless ids, vectors and index belong together."""
        folder, index = self.part.folder, self._index
        shape, n = (index.ntotal, index.d), len(self.items)
        if self.embeddings.shape != shape or n != shape[0]:
            raise ArtifactError(
                f"{folder}: {n} products, embeddings of shape {self.embeddings.shape} and an "
                f"index of shape {shape}: embed again"
            )
        same_ids = ids_sha256(self.display["id"].to_list()) == self.part.parameters[ITEMS_KEY]
        if not same_ids or not _same_vectors(index, self.embeddings):
            raise ArtifactError(f"{folder}: ids, embeddings and index are not of one run")

    def _load_encoder(self) -> TextEncoder:
        stored = self.part.parameters
        encoder = text_encoder(self.parameters)
        if encoder.fingerprint != stored[MODEL_KEY]:
            raise ArtifactError(
                f"{self.part.folder} was embedded with other weights of {stored['model']!r} "
                f"({stored[MODEL_KEY][:12]}) than are installed ({encoder.fingerprint[:12]}): "
                "embed again (step embed)"
            )
        return encoder


def _same_vectors(index: Index, embeddings: np.ndarray) -> bool:
    rows = np.unique(np.linspace(0, len(embeddings) - 1, _COMPARED_ROWS, dtype=int))
    return all(stored_vector(index, int(r)) @ embeddings[r] > _FEWEST_LIKE for r in rows)
