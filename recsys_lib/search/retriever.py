"""The search part of a model version, asked: products by meaning."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.artifacts import Part
from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search.build import (
    EMBEDDINGS_FILE,
    INDEX_FILE,
    ITEMS_FILE,
    MODEL_KEY,
    text_encoder,
)
from recsys_lib.search.encoder import TextEncoder
from recsys_lib.search.index import Index, load_index, search_index


class SemanticSearch:
    """A stored search part; rows are positions in ``items``.

    Attributes
    ----------
    part: the files and their manifest.
    items: ids of the indexed products.
    display: what to show of each, columns id, title, image_url; null where unknown.
    embeddings: float32, shape (n, dimension), each row of length 1; memory-mapped.
    """

    def __init__(self, part: Part, display: pl.DataFrame, index: Index) -> None:
        self.part = part
        self.items = IdMap(display["id"])
        self.display = display
        self.embeddings = part.array(EMBEDDINGS_FILE)
        self._index = index
        self._encoder: TextEncoder | None = None
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path) -> SemanticSearch:
        """Open the part without the language model, which is loaded for the first query.

        ArtifactError when the part is not whole, or its files are not of one and the same run.
        """
        part = Part.read(folder)
        search = cls(part, pl.read_parquet(folder / ITEMS_FILE), load_index(folder / INDEX_FILE))
        shape = (search._index.ntotal, search._index.d)
        if search.embeddings.shape != shape or len(search.items) != shape[0]:
            raise ArtifactError(
                f"{folder}: {len(search.items)} products, embeddings of shape "
                f"{search.embeddings.shape} and an index of shape {shape}: embed again"
            )
        return search

    def __len__(self) -> int:
        return len(self.items)

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        return self._index.d

    @property
    def encoder(self) -> TextEncoder:
        """The language model for queries; ArtifactError unless it is the catalogue's own."""
        with self._lock:
            if self._encoder is None:
                self._encoder = self._load_encoder()
            return self._encoder

    def search(self, query: str, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosines of the k products whose text is nearest to ``query``, best first.

        ValueError when the query is blank or k is below 1.
        """
        scores, rows = search_index(self._index, self.encoder.encode([query]), k)
        return rows[0], scores[0]

    def similar(self, row: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and cosines of the k other products whose text is nearest to that of ``row``."""
        return self.near(np.array([row]), k)

    def near(self, rows: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
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
        scores, found = search_index(self._index, mean, k + len(given))
        others = ~np.isin(found[0], given)
        return found[0][others][:k], scores[0][others][:k]

    def _load_encoder(self) -> TextEncoder:
        stored = self.part.parameters
        names = EmbedParameters.model_fields
        encoder = text_encoder(EmbedParameters(**{name: stored[name] for name in names}))
        if encoder.fingerprint != stored[MODEL_KEY]:
            raise ArtifactError(
                f"{self.part.folder} was embedded with other weights of {stored['model']!r} "
                f"({stored[MODEL_KEY][:12]}) than are installed ({encoder.fingerprint[:12]}): "
                "embed again (step embed)"
            )
        return encoder
