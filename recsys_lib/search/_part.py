"""The files of a search part: the only module that writes and reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Products
from recsys_lib.data.display import display_table
from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EmbedParameters
from recsys_lib.registry.parts import INDEX_FILE, Part
from recsys_lib.search._identifiers import identifiers
from recsys_lib.search._index import Index, load_index, save_index, stored_cosine
from recsys_lib.search._lexical import LexicalIndex
from recsys_lib.search._words import Tokenizer
from recsys_lib.search.facet_index import FacetIndex
from recsys_lib.search.facets import SCHEMA, facets_of

MODEL_KEY = "model_sha256"
BACKEND_KEY = "encoded_by"
PRECISION_KEY = "encoded_in"
REASON_KEY = "encoded_so_because"
TOKENS_KEY = "encoded_tokens"
TOKENS_REASON_KEY = "encoded_tokens_because"
ITEMS_KEY = "items_sha256"
STEMMER_KEY = "stemmer"
FAR_KEY = "far_below"
WEIGHT_KEY = "weight_of_meaning"
WEIGHT_REASON_KEY = "weight_of_meaning_by"
KIND_KEY = "index_kind"
BREADTH_KEY = "index_breadth"
CANDIDATES_KEY = "index_candidates"
EMBEDDINGS_FILE = "embeddings.npy"
_ITEMS_FILE = "items.parquet"
_TEXTS_FILE = "texts.parquet"
_FACETS_FILE = "facets.parquet"
_CODES_FILE = "codes.parquet"
_FILES = (EMBEDDINGS_FILE, INDEX_FILE, _ITEMS_FILE, _TEXTS_FILE, _FACETS_FILE, _CODES_FILE)
_KEYS = (MODEL_KEY, ITEMS_KEY, STEMMER_KEY, FAR_KEY, WEIGHT_KEY, WEIGHT_REASON_KEY)

# Cosine of a vector and its quantized form; two different products have about 0.2.
_SAME_VECTOR = 0.5
_COMPARED_ROWS = 5


@dataclass(frozen=True)
class SearchContent:
    """What is written: everything has one row per product, in the same order.

    Parameters
    ----------
    products: columns of the table product_catalog.
    textless: the same of the products that have no text and cannot be found by it.
    texts: what the encoder read of each.
    """

    products: pl.DataFrame
    textless: pl.DataFrame
    texts: list[str]
    lexical: LexicalIndex

    @property
    def ids(self) -> list[str]:
        """Ids of the products."""
        return self.products[Products.ITEM].to_list()

    def write(self, folder: Path, index: Index) -> None:
        """Write all files into ``folder``, where the embeddings are, and the lists of an index."""
        save_index(index, folder / INDEX_FILE)
        self.lexical.save(folder)
        display_table(self.ids, self.products).write_parquet(folder / _ITEMS_FILE)
        pl.DataFrame({"text": self.texts}).write_parquet(folder / _TEXTS_FILE)
        everything = pl.concat([self.products, self.textless])
        facets_of(everything).write_parquet(folder / _FACETS_FILE)
        identifiers(self.products).write_parquet(folder / _CODES_FILE)


class SearchPart:
    """A stored search part, opened and checked, without any language model.

    Attributes
    ----------
    part: the folder and its manifest.
    parameters: what the part was built with.
    display: columns id, title, image_url, one row per product; null where unknown.
    items: ids of the products.
    embeddings: float32, of millions float16, shape (n, dimension), each row of length 1;
        memory-mapped.
    facets: what filters look at, of the products in the index.
    all_facets: the same as a table, then those of the products without a text.
    codes: product codes with their rows.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        names = EmbedParameters.model_fields
        stored = {name: value for name, value in part.parameters.items() if name in names}
        try:
            self.parameters = EmbedParameters(**stored)
        except ValueError as error:
            raise ArtifactError(
                f"{part.folder} was built with parameters that this version of recsys_lib does not "
                "know: run the embed step again"
            ) from error
        self.display = pl.read_parquet(part.folder / _ITEMS_FILE, glob=False)
        self.items = IdMap(self.display["id"])
        self.embeddings = part.array(EMBEDDINGS_FILE)
        self.index = load_index(part.folder / INDEX_FILE, part.parameters.get(CANDIDATES_KEY))
        self._check()
        tokenizer = Tokenizer(part.parameters[STEMMER_KEY])
        self.lexical = LexicalIndex.load(part.folder, tokenizer, len(self.items))
        self.all_facets = pl.read_parquet(part.folder / _FACETS_FILE, glob=False)
        if dict(self.all_facets.schema) != SCHEMA:
            raise ArtifactError(
                f"{part.folder / _FACETS_FILE} has other columns, so another version of recsys_lib "
                "wrote it: run the embed step again"
            )
        self.facets = FacetIndex(self.all_facets.head(len(self.items)))
        self.codes = pl.read_parquet(part.folder / _CODES_FILE, glob=False)

    @classmethod
    def load(cls, folder: Path) -> SearchPart:
        """Open a part; ArtifactError unless it is complete and all files are of one run."""
        part = Part.read(folder)
        missing = {*_FILES} - {*part.manifest["files"]} or {*_KEYS} - {*part.parameters}
        if missing:
            raise ArtifactError(
                f"{folder} holds no {min(missing)}, so another version of recsys_lib wrote it: "
                "run the embed step again"
            )
        return cls(part)

    @cached_property
    def texts(self) -> pl.Series:
        """What the encoder read of each product, before the cut."""
        return pl.read_parquet(self.part.folder / _TEXTS_FILE, glob=False)["text"]

    def _check(self) -> None:
        folder, index = self.part.folder, self.index
        shape, n = index.shape, len(self.items)
        if self.embeddings.shape != shape or n != shape[0]:
            raise ArtifactError(
                f"{folder}: {n} products, embeddings of shape {self.embeddings.shape} and an "
                f"index of shape {shape} do not fit together: run the embed step again"
            )
        same_ids = ids_sha256(self.display["id"].to_list()) == self.part.parameters[ITEMS_KEY]
        if not same_ids or not _same_vectors(index, self.embeddings):
            raise ArtifactError(
                f"{folder}: ids, embeddings and index are not of the same run: "
                "run the embed step again"
            )


def encoded_with(stored: SearchPart) -> EmbedParameters:
    """The parameters by which queries are encoded like the products, also on another computer."""
    facts = stored.part.parameters
    backend = facts.get(BACKEND_KEY, "torch")  # the only one before there was a choice
    given = stored.parameters
    precision = facts[PRECISION_KEY] if backend == "openvino" else given.precision
    tokens = facts.get(TOKENS_KEY, given.max_tokens)
    return given.model_copy(
        update={"backend": backend, "precision": precision, "max_tokens": tokens}
    )


def ids_sha256(ids: Sequence[str]) -> str:
    """One fingerprint of ids in their order."""
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def _same_vectors(index: Index, embeddings: np.ndarray) -> bool:
    rows = np.unique(np.linspace(0, len(embeddings) - 1, _COMPARED_ROWS, dtype=int))
    return all(stored_cosine(index, int(r), embeddings[r]) > _SAME_VECTOR for r in rows)
