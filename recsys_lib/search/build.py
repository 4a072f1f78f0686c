"""The search part of a model version, written: texts, vectors, indexes, and what to show."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.display import display_table
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.registry.parts import INDEX_FILE, writing_part
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.filters import facets_of
from recsys_lib.search.identifiers import identifiers
from recsys_lib.search.index import save_index
from recsys_lib.search.index_choice import choose_index, choose_kind
from recsys_lib.search.lexical import LexicalIndex
from recsys_lib.search.text import field_texts, product_texts
from recsys_lib.search.tokens import Tokenizer

EMBEDDINGS_FILE = "embeddings.npy"
ITEMS_FILE = "items.parquet"
TEXTS_FILE = "texts.parquet"
FACETS_FILE = "facets.parquet"
CODES_FILE = "codes.parquet"
MODEL_KEY = "model_sha256"
ITEMS_KEY = "items_sha256"
_LIBRARIES = (
    *("bm25s", "faiss-cpu", "numpy", "pystemmer", "rapidfuzz"),
    *("sentence-transformers", "torch", "transformers"),
)


def build_search_part(
    products: pl.DataFrame,
    parameters: EmbedParameters,
    folder: Path,
    data_fingerprint: str,
    *,
    cache: Path | None = None,
    show_progress: bool = False,
) -> dict[str, float]:
    """Embed and index the catalogue, store the search part at ``folder``; return the metrics.

    ``products`` has the columns of the table product_catalog. Products without any text in
    ``parameters.fields`` are left out and counted as search.empty_texts; InputDataError when
    that leaves nothing. Vectors of texts that are in the file ``cache`` are taken from there.
    """
    texts = product_texts(products, parameters.fields)
    indexed = products.filter(pl.Series([bool(text) for text in texts], dtype=pl.Boolean))
    if indexed.is_empty():
        raise InputDataError(
            f"no product has any text in {', '.join(parameters.fields)}: "
            "give a product file (etl.products) or other fields (embed.fields)"
        )
    texts = [text for text in texts if text]
    lexical = _lexical(indexed, parameters)
    encoded = _encode(texts, text_encoder(parameters), cache, show_progress)
    dimension = encoded.vectors.shape[1]
    kind = parameters.index
    if kind == "auto":
        kind = choose_kind(len(indexed), dimension, parameters.index_memory_mb)
    chosen = choose_index(encoded.vectors, kind, parameters.index_recall)
    metrics = encoded.metrics | {
        "search.n_products": len(indexed),
        "search.empty_texts": len(products) - len(indexed),
        "search.embedding_dimension": dimension,
        "search.index_recall@10": chosen.recall,
    }
    ids = indexed[Products.ITEM].to_list()
    facts = encoded.facts | {
        "index_kind": chosen.kind,
        "index_breadth": chosen.breadth,
        ITEMS_KEY: ids_sha256(ids),
    }
    with writing_part(
        folder,
        parameters=parameters.model_dump() | facts,
        data_fingerprint=data_fingerprint,
        libraries=_LIBRARIES,
        metrics=metrics,
    ) as part:
        np.save(part / EMBEDDINGS_FILE, encoded.vectors)
        save_index(chosen.index, part / INDEX_FILE)
        lexical.save(part)
        display_table(ids, indexed).write_parquet(part / ITEMS_FILE)
        pl.DataFrame({"text": texts}).write_parquet(part / TEXTS_FILE)
        facets_of(indexed).write_parquet(part / FACETS_FILE)
        identifiers(indexed).write_parquet(part / CODES_FILE)
    return metrics


def text_encoder(parameters: EmbedParameters) -> TextEncoder:
    """The encoder that these parameters describe; loading it takes seconds."""
    return TextEncoder(
        parameters.model,
        precision=parameters.precision,
        max_tokens=parameters.max_tokens,
        batch_tokens=parameters.batch_tokens,
    )


def ids_sha256(ids: Sequence[str]) -> str:
    """One fingerprint of ids in their order."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


@dataclass(frozen=True)
class _Encoded:
    """Vectors, shape (texts, dimension), and how they were made."""

    vectors: np.ndarray
    metrics: dict[str, float]
    facts: dict[str, Any]


def _encode(
    texts: list[str], encoder: TextEncoder, cache: Path | None, show_progress: bool
) -> _Encoded:
    known = encoder.cache(cache) if cache else None
    start = time.perf_counter()
    vectors = encoder.encode(texts, show_progress, cache=known)
    seconds = time.perf_counter() - start
    if known:
        known.prune(list(dict.fromkeys(map(encoder.cut, texts))))
    metrics = {
        "search.encode_seconds": seconds,
        "search.texts_encoded": encoder.n_encoded,
        "search.texts_per_second": encoder.n_encoded / seconds,
    }
    facts = {MODEL_KEY: encoder.fingerprint, "encoded_in": encoder.precision}
    return _Encoded(vectors, metrics, facts)


def _lexical(products: pl.DataFrame, parameters: EmbedParameters) -> LexicalIndex:
    weights = parameters.word_weights
    texts = {field: field_texts(products, field, "embed.word_weights") for field in weights}
    return LexicalIndex.build(texts, weights, Tokenizer(parameters.language))
