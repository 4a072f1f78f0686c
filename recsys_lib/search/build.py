"""The search part of a model version, written: texts, vectors, index, and what to show."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.artifacts import writing_part
from recsys_lib.columns import Products
from recsys_lib.data.display import display_table
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.index import build_index, save_index
from recsys_lib.search.text import product_texts

EMBEDDINGS_FILE = "embeddings.npy"
INDEX_FILE = "index.faiss"
ITEMS_FILE = "items.parquet"
MODEL_KEY = "model_sha256"
_LIBRARIES = ("faiss-cpu", "numpy", "sentence-transformers", "torch", "transformers")


def build_search_part(
    products: pl.DataFrame,
    parameters: EmbedParameters,
    folder: Path,
    data_fingerprint: str,
    *,
    show_progress: bool = False,
) -> dict[str, float]:
    """Embed the catalogue, store the search part at ``folder``; return the step's metrics.

    ``products`` has the columns of the table product_catalog. Products without any text in
    ``parameters.fields`` are left out and counted as search.empty_texts; InputDataError when
    that leaves nothing.
    """
    texts = product_texts(products, parameters.fields)
    indexed = products.filter(pl.Series([bool(text) for text in texts], dtype=pl.Boolean))
    if indexed.is_empty():
        raise InputDataError(
            f"no product has any text in {', '.join(parameters.fields)}: "
            "give a product file (etl.products) or other fields (embed.fields)"
        )
    encoder = text_encoder(parameters)
    start = time.perf_counter()
    embeddings = encoder.encode([text for text in texts if text], show_progress)
    seconds = time.perf_counter() - start
    metrics = {
        "search.n_products": len(indexed),
        "search.empty_texts": len(products) - len(indexed),
        "search.embedding_dimension": encoder.dimension,
        "search.encode_seconds": seconds,
        "search.texts_per_second": len(indexed) / seconds,
    }
    facts = {MODEL_KEY: encoder.fingerprint, "encoded_in": encoder.precision}
    with writing_part(
        folder,
        parameters=parameters.model_dump() | facts,
        data_fingerprint=data_fingerprint,
        libraries=_LIBRARIES,
        metrics=metrics,
    ) as part:
        np.save(part / EMBEDDINGS_FILE, embeddings)
        save_index(build_index(embeddings), part / INDEX_FILE)
        ids = indexed[Products.ITEM].to_list()
        display_table(ids, indexed).write_parquet(part / ITEMS_FILE)
    return metrics


def text_encoder(parameters: EmbedParameters) -> TextEncoder:
    """The encoder that these parameters describe; loading it takes seconds."""
    return TextEncoder(
        parameters.model,
        precision=parameters.precision,
        max_tokens=parameters.max_tokens,
        batch_size=parameters.batch_size,
    )
