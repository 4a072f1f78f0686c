"""Bring a search part in step with new products: encode these alone, and index all again.

What was chosen from the whole catalogue stays: the kind of index and its breadth, the stemmer, the
weight of meaning, and from where on a product counts as far.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.registry.parts import writing_part
from recsys_lib.search._choice import build_index
from recsys_lib.search._index import set_breadth
from recsys_lib.search._on_disk import Room
from recsys_lib.search._part import (
    BREADTH_KEY,
    EMBEDDINGS_FILE,
    ITEMS_KEY,
    KIND_KEY,
    STEMMER_KEY,
    SearchContent,
    SearchPart,
    ids_sha256,
)
from recsys_lib.search._queries import encoder_of
from recsys_lib.search._static import TOKEN_VECTORS_FILE
from recsys_lib.search._vectors import blocks, write_vectors
from recsys_lib.search.build import LIBRARIES, lexical_index
from recsys_lib.search.text import product_texts

_COPIED_AT_ONCE = 131_072


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
    facts = stored.part.parameters
    words = stored.parameters.model_copy(update={"language": facts[STEMMER_KEY]})
    lexical = lexical_index(indexed, texts, words)
    content = SearchContent(indexed, products.filter(~has_text), texts, lexical)
    rows = _known_rows(stored, content.ids, texts)
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
        shape = len(texts), stored.embeddings.shape[1]
        made = _vectors(stored, rows, texts, cache)
        vectors = write_vectors(part / EMBEDDINGS_FILE, shape, stored.embeddings.dtype, made)
        room = Room(part, stored.parameters.index_memory_mb)
        index = build_index(vectors, facts[KIND_KEY], room)
        index.candidates = stored.index.candidates
        set_breadth(index, facts[BREADTH_KEY])
        content.write(part, index)
        if TOKEN_VECTORS_FILE in stored.part.manifest["files"]:
            shutil.copyfile(before / TOKEN_VECTORS_FILE, part / TOKEN_VECTORS_FILE)
    return int((rows < 0).sum())


def _known_rows(stored: SearchPart, ids: list[str], texts: list[str]) -> np.ndarray:
    """Where the vector of each text is in the part, int64, shape (n,); -1 if it is not."""
    rows = np.array(stored.items.rows(ids, missing="negative"))
    known = np.flatnonzero(rows >= 0)
    old = stored.texts.gather(rows[known]).to_list()
    changed = [row for row, text in zip(known, old, strict=True) if texts[row] != text]
    rows[changed] = -1
    return rows


def _vectors(
    stored: SearchPart, known: np.ndarray, texts: list[str], cache: Path | None
) -> Iterator[np.ndarray]:
    """Vectors of the texts, some at a time: those of the part, and the others encoded."""
    encoder = None
    for some in blocks(len(texts), _COPIED_AT_ONCE):
        rows = known[some]
        vectors = stored.embeddings[np.maximum(rows, 0)]
        new = np.flatnonzero(rows < 0)
        if len(new):
            encoder = encoder or encoder_of(stored)
            kept = encoder.cache(cache) if cache else None
            vectors[new] = encoder.encode([texts[some.start + row] for row in new], cache=kept)
        yield vectors
