"""Build the search part of a model version: texts, vectors and indexes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recsys_lib.columns import Products
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AUTO, EmbedParameters
from recsys_lib.registry.parts import writing_part
from recsys_lib.search._budget import fit_budget
from recsys_lib.search._choice import ChosenIndex, Kind, choose_index, choose_kind, vector_type
from recsys_lib.search._cuts import said_of_cuts
from recsys_lib.search._far import far_bound
from recsys_lib.search._language import stemmer_for
from recsys_lib.search._lexical import LexicalIndex
from recsys_lib.search._on_cluster import ClusterEncoder
from recsys_lib.search._on_disk import Room
from recsys_lib.search._part import (
    BACKEND_KEY,
    BREADTH_KEY,
    CANDIDATES_KEY,
    EMBEDDINGS_FILE,
    FAR_KEY,
    ITEMS_KEY,
    KIND_KEY,
    MODEL_KEY,
    PRECISION_KEY,
    REASON_KEY,
    STEMMER_KEY,
    TOKENS_KEY,
    TOKENS_REASON_KEY,
    WEIGHT_KEY,
    WEIGHT_REASON_KEY,
    SearchContent,
    ids_sha256,
)
from recsys_lib.search._questions import question_like
from recsys_lib.search._vectors import blocks, write_vectors
from recsys_lib.search._weight import ChosenWeight, Searched, choose_weight
from recsys_lib.search._words import Tokenizer
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.qrels import Qrels, read_qrels
from recsys_lib.search.text import check_texts, field_texts, product_texts
from recsys_lib.spark import Cluster

LIBRARIES = (
    "bm25s",
    "faiss-cpu",
    "numpy",
    "openvino",
    "py3langid",
    "pystemmer",
    "rapidfuzz",
    "sentence-transformers",
    "tokenizers",
    "torch",
    "transformers",
)


_QUESTIONS = 600
"""To choose an index by one half of them, and to measure its recall by the other."""
_ENCODED_AT_ONCE = 131_072
"""Texts whose vectors are in memory at a time; identical ones among them are encoded once."""


def build_search_part(  # noqa: PLR0913  # most are optional
    products: pl.DataFrame,
    parameters: EmbedParameters,
    folder: Path,
    data_fingerprint: str,
    *,
    encoder: TextEncoder | None = None,
    cache: Path | None = None,
    raw: Path | None = None,
    texts: list[str] | None = None,
    show_progress: bool = False,
) -> dict[str, float]:
    """Embed and index the catalogue, and store the search part in one rename.

    Parameters
    ----------
    products
        The catalogue, with the columns of the table product_catalog.
    parameters
        Which texts, which model, and which index.
    folder
        Where the part is stored; an older part there is replaced.
    data_fingerprint
        Of the dataset, for the manifest.
    encoder
        ``text_encoder(parameters)`` when it is loaded already; loaded here by default.
    cache
        File with the vectors of earlier runs; only texts that are not in it are encoded. Vectors
        of texts that are no longer used are deleted from it.
    raw
        Folder of the dataset, where ``parameters.judgments`` is.
    texts
        ``product_texts(products, parameters.fields)`` when they are made already.
    show_progress
        Whether to show how far the encoding is.

    Returns
    -------
    Metrics by name, such as ``search.n_products``. Products without any text cannot be found; they
    are left out and counted as ``search.empty_texts``.

    Raises
    ------
    InputDataError
        When no product has any text in ``parameters.fields``, or the judged queries cannot be used.
    ParameterError
        When the model or the index cannot be used with these parameters.

    Examples
    --------
    >>> from recsys_lib.data.database import read_products
    >>> from recsys_lib.parameters import EmbedParameters
    >>> build_search_part(
    ...     read_products(dataset.database), EmbedParameters(), Path("search"), "my-data"
    ... )  # doctest: +SKIP
    """
    texts = product_texts(products, parameters.fields) if texts is None else texts
    check_texts(texts, parameters.fields)
    has_text = pl.Series([bool(text) for text in texts], dtype=pl.Boolean)
    indexed = products.filter(has_text)
    texts = [text for text in texts if text]
    judged = _judged(indexed, parameters, raw)
    lexical = lexical_index(indexed, texts, parameters)
    encoder = encoder or text_encoder(parameters)
    encoder.weigh(texts)
    tokens = ""
    if parameters.budget_seconds:
        tokens = fit_budget(texts, encoder, parameters.budget_seconds, cache)
    kind = _kind(len(texts), encoder, parameters)
    facts: dict[str, Any] = parameters.model_dump()
    metrics: dict[str, float] = {
        "search.n_products": len(indexed),
        "search.empty_texts": len(products) - len(indexed),
        "search.embedding_dimension": encoder.dimension,
    }
    content = SearchContent(indexed, products.filter(~has_text), texts, lexical)
    with writing_part(
        folder,
        parameters=facts,
        data_fingerprint=data_fingerprint,
        libraries=LIBRARIES,
        metrics=metrics,
    ) as part:
        encoded = _encode(texts, encoder, part, kind, cache, show_progress)
        vectors = encoded.vectors
        cuts = said_of_cuts(texts, vectors, encoder)
        chosen = _vector_index(vectors, kind, texts, encoder, parameters, part)
        far = far_bound(texts, encoder.encode, chosen.index, vectors)
        searched = Searched(_titles(indexed), texts, vectors, chosen.index, lexical)
        weight = _weight(searched, encoder, parameters, judged)
        content.write(part, chosen.index)
        encoder.save(part)
        metrics |= encoded.metrics | {
            "search.index_seconds": chosen.seconds,
            "search.questions_far": far.questions,
            "search.nonsense_far": far.nonsense,
        }
        metrics |= {f"search.index_recall@{depth}": share for depth, share in chosen.recall.items()}
        facts |= encoded.facts | {
            TOKENS_REASON_KEY: f"{tokens}; {cuts}" if tokens else cuts,
            KIND_KEY: chosen.kind,
            BREADTH_KEY: chosen.breadth,
            CANDIDATES_KEY: chosen.index.candidates,
            ITEMS_KEY: ids_sha256(content.ids),
            STEMMER_KEY: lexical.language,
            FAR_KEY: far.cosine,
            WEIGHT_KEY: weight.weight,
            WEIGHT_REASON_KEY: str(weight),
        }
    return metrics


def text_encoder(
    parameters: EmbedParameters, cluster: Cluster | None = None, stored: Path | None = None
) -> TextEncoder:
    """Load the encoder that the parameters describe, which takes seconds.

    Parameters
    ----------
    parameters
        ``model``, ``backend``, ``precision``, ``max_tokens`` and ``batch_tokens`` count.
    cluster
        Whose executors encode, by default this process.
    stored
        Folder of the search part whose queries are encoded; only a static encoder reads it.

    Returns
    -------
    The encoder.

    Raises
    ------
    ParameterError
        When there is no such model, it reads fewer than ``max_tokens``, or the backend cannot
        run it.
    ArtifactError
        When the packaged model is missing or damaged, or a folder holds no weights.

    Examples
    --------
    >>> from recsys_lib.parameters import EmbedParameters
    >>> encoder = text_encoder(EmbedParameters())  # doctest: +SKIP
    >>> encoder.encode(["water filter", "dryer belt"]).shape  # doctest: +SKIP
    (2, 384)
    """
    if cluster is not None and parameters.backend != "static":
        return ClusterEncoder(parameters, cluster)
    return TextEncoder(
        parameters.model,
        backend=parameters.backend,
        precision=parameters.precision,
        max_tokens=parameters.max_tokens,
        batch_tokens=parameters.batch_tokens,
        stored=stored,
    )


@dataclass(frozen=True)
class _Encoded:
    """Vectors, shape (texts, dimension), and how they were made."""

    vectors: np.ndarray
    metrics: dict[str, float]
    facts: dict[str, Any]


def _encode(
    texts: list[str],
    encoder: TextEncoder,
    folder: Path,
    kind: Kind,
    cache: Path | None,
    show_progress: bool,
) -> _Encoded:
    """Encode the texts, some at a time, into the file of the embeddings in ``folder``."""
    known = encoder.cache(cache) if cache else None
    before, start = encoder.n_encoded, time.perf_counter()
    vectors = write_vectors(
        folder / EMBEDDINGS_FILE,
        (len(texts), encoder.dimension),
        vector_type(kind),
        (
            encoder.encode(texts[rows], show_progress, cache=known)
            for rows in blocks(len(texts), _ENCODED_AT_ONCE)
        ),
    )
    seconds = time.perf_counter() - start
    if known:
        known.prune(list(dict.fromkeys(map(encoder.cut, texts))))
    n_encoded = encoder.n_encoded - before
    metrics = {
        "search.encode_seconds": seconds,
        "search.texts_encoded": n_encoded,
        "search.texts_per_second": n_encoded / seconds,
    }
    facts = {
        MODEL_KEY: encoder.fingerprint,
        BACKEND_KEY: encoder.backend,
        PRECISION_KEY: encoder.precision,
        TOKENS_KEY: encoder.max_tokens,
        REASON_KEY: encoder.reason,
    }
    return _Encoded(vectors, metrics, facts)


def lexical_index(
    products: pl.DataFrame, texts: list[str], parameters: EmbedParameters
) -> LexicalIndex:
    """The word index of products; ``texts`` are what the encoder reads of them."""
    weights = parameters.word_weights
    words = {field: field_texts(products, field, "embed.word_weights") for field in weights}
    language = stemmer_for(texts) if parameters.language == AUTO else parameters.language
    return LexicalIndex.from_texts(words, weights, Tokenizer(language))


def _titles(products: pl.DataFrame) -> list[str]:
    return products[Products.TITLE].fill_null("").to_list()


def _judged(products: pl.DataFrame, parameters: EmbedParameters, raw: Path | None) -> Qrels | None:
    """The judged queries that the weight of meaning is chosen by, where there are any."""
    if not parameters.judgments:
        return None
    path = (raw or Path()) / Path(parameters.judgments).expanduser()
    return read_qrels(path, parameters.judgment_columns, IdMap(products[Products.ITEM]))


def _weight(
    searched: Searched, encoder: TextEncoder, parameters: EmbedParameters, judged: Qrels | None
) -> ChosenWeight:
    if parameters.semantic_weight == AUTO:
        return choose_weight(searched, encoder, judged)
    return ChosenWeight.given(parameters.semantic_weight)


def _kind(n: int, encoder: TextEncoder, parameters: EmbedParameters) -> Kind:
    if parameters.index == AUTO:
        return choose_kind(n, encoder.dimension, parameters.index_memory_mb)
    return parameters.index


def _vector_index(
    vectors: np.ndarray,
    kind: Kind,
    texts: list[str],
    encoder: TextEncoder,
    parameters: EmbedParameters,
    folder: Path,
) -> ChosenIndex:
    """The index over the vectors; only an approximate one needs questions."""
    asked = [] if kind == "exact" else question_like(texts, _QUESTIONS)
    room = Room(folder, parameters.index_memory_mb)
    return choose_index(vectors, kind, parameters.index_recall, encoder.encode(asked), room)
