"""Bring a search part in step with new products: encode these alone, and index all again.

What was chosen from the whole catalogue stays: the kind of index and its breadth, the stemmer, the
weight of meaning, and from where on a product counts as far.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Products
from recsys_lib.errors import ArtifactError
from recsys_lib.registry.parts import writing_part
from recsys_lib.search._index import build_index, set_breadth
from recsys_lib.search._part import (
    ITEMS_KEY,
    MODEL_KEY,
    STEMMER_KEY,
    SearchContent,
    SearchPart,
    encoded_with,
    ids_sha256,
)
from recsys_lib.search.build import LIBRARIES, lexical_index, text_encoder
from recsys_lib.search.text import product_texts


def update_search_part(
    before: Path,
    folder: Path,
    products: pl.DataFrame,
    *,
    data_fingerprint: str,
    cache: Path | None = None,
) -> int:
    """Store a search part for a catalogue with new or changed products.

    Parameters
    ----------
    before
        Folder of the part to go on from.
    folder
        Where to put the new part.
    products
        The whole catalogue, with the columns of the table product_catalog.
    data_fingerprint
        Of the dataset, for the manifest.
    cache
        File with the vectors of earlier runs.

    Returns
    -------
    int
        How many texts were not in the part and so are encoded, or taken from the cache.

    Raises
    ------
    ArtifactError
        If the encoder is not the one that made the part.
    """
    stored = SearchPart.load(before)
    texts = product_texts(products, stored.parameters.fields)
    has_text = pl.Series([bool(text) for text in texts], dtype=pl.Boolean)
    indexed, texts = products.filter(has_text), [text for text in texts if text]
    vectors, n_new = _vectors(stored, indexed[Products.ITEM].to_list(), texts, cache)
    facts = stored.part.parameters
    index = build_index(vectors, facts["index_kind"])
    set_breadth(index, facts["index_breadth"])
    words = stored.parameters.model_copy(update={"language": facts[STEMMER_KEY]})
    lexical = lexical_index(indexed, texts, words)
    content = SearchContent(indexed, products.filter(~has_text), texts, vectors, index, lexical)
    counts = {
        "search.n_products": len(indexed),
        "search.empty_texts": len(products) - len(indexed),
    }
    with writing_part(
        folder,
        parameters=facts | {ITEMS_KEY: ids_sha256(content.ids)},
        data_fingerprint=data_fingerprint,
        libraries=LIBRARIES,
        metrics=stored.part.manifest["metrics"] | counts,
    ) as part:
        content.write(part)
    return n_new


def _vectors(
    stored: SearchPart, ids: list[str], texts: list[str], cache: Path | None
) -> tuple[np.ndarray, int]:
    """One vector per text, float32, shape (n, dimension), and how many are not of the part."""
    rows = stored.items.rows(ids, missing="negative")
    known = np.flatnonzero(rows >= 0)
    before = stored.texts.gather(rows[known]).to_list()
    same = np.array([texts[row] == text for row, text in zip(known, before, strict=True)], bool)
    vectors = np.empty((len(ids), stored.embeddings.shape[1]), dtype=np.float32)
    vectors[known[same]] = stored.embeddings[rows[known[same]]]
    new = np.setdiff1d(np.arange(len(ids)), known[same])
    if len(new):
        encoder = text_encoder(encoded_with(stored))
        if encoder.fingerprint != stored.part.parameters[MODEL_KEY]:
            raise ArtifactError(
                f"{stored.part.folder} was made by another model than {stored.parameters.model!r} "
                "is now: run the embed step again"
            )
        kept = encoder.cache(cache) if cache else None
        vectors[new] = encoder.encode([texts[row] for row in new], cache=kept)
    return vectors, len(new)
