"""Texts to vectors: the only module that touches sentence-transformers and torch.

Both are imported when an encoder is made, which takes seconds; importing this module does not.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Literal

import numpy as np

from recsys_lib.display.progress import Progress, progress_for
from recsys_lib.errors import ParameterError
from recsys_lib.imports import without_collection
from recsys_lib.search.cache import EmbeddingCache
from recsys_lib.search.models import fingerprint, model_folder

Precision = Literal["auto", "float32", "bfloat16", "float16"]

_BATCH_TOKENS = {True: 1024, False: 65_536}  # on a processor: measured, see bench-embed
_KEPT_AT_ONCE = 1024  # vectors; a killed run loses less than that


class TextEncoder:
    """A language model that gives texts of like meaning vectors of like direction.

    Parameters
    ----------
    model: the packaged model's name, a folder, or a name on the model hub.
    precision: auto is bfloat16 or float16 where the hardware calculates in it, three times as
        fast and within a cosine of 0.999 of float32.
    max_tokens: longer texts are cut; ParameterError when the model reads fewer.
    batch_tokens: tokens in one pass through the model, padding included; 0: so many that they
        stay in a processor's cache, or keep a GPU busy.

    Attributes
    ----------
    fingerprint: SHA-256 of the model's weights.
    n_encoded: texts that went through the model so far, without those of a cache.
    """

    def __init__(
        self, model: str, *, precision: Precision, max_tokens: int, batch_tokens: int
    ) -> None:
        folder = model_folder(model)
        self.fingerprint = fingerprint(folder)
        with without_collection():
            self.precision = _best_precision() if precision == "auto" else precision
            self._model = _load(str(folder), self.precision)
        longest = self._model.max_seq_length
        if max_tokens > longest:
            raise ParameterError(
                f"embed.max_tokens is {max_tokens}, but {model} reads at most {longest} tokens"
            )
        self._model.max_seq_length = max_tokens
        self._max_tokens = max_tokens
        self._batch_tokens = batch_tokens or _BATCH_TOKENS[self._model.device.type == "cpu"]
        self.n_encoded = 0
        self._lock = threading.Lock()  # a tokenizer serves one thread at a time

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.get_embedding_dimension()

    def cache(self, path: Path) -> EmbeddingCache:
        """The cache at ``path`` for vectors of this model, precision and cut."""
        recipe = f"{self.fingerprint} {self.precision} {self._max_tokens}"
        return EmbeddingCache(path, recipe)

    def encode(
        self,
        texts: Sequence[str],
        show_progress: bool = False,
        *,
        cache: EmbeddingCache | None = None,
    ) -> np.ndarray:
        """One vector of length 1 per text: float32, shape (n, dimension).

        Identical texts are encoded once, those in ``cache`` not at all. ``show_progress`` is
        for long catalogues. Raises ValueError for a text without a visible character.
        """
        rows_of: dict[str, int] = {}
        rows = [rows_of.setdefault(self.cut(text), len(rows_of)) for text in texts]
        distinct = list(rows_of)
        vectors = np.empty((len(distinct), self.dimension), dtype=np.float32)
        known = cache.get(distinct, self.dimension) if cache else {}
        for row, vector in known.items():
            vectors[row] = vector
        new = [row for row in range(len(distinct)) if row not in known]
        shown = progress_for(len(new), "texts") if show_progress else nullcontext()
        with shown as progress, self._lock:
            if progress and known:
                progress.update(0, f"{len(known):,} others were in the cache")
            self._encode_new(distinct, new, vectors, cache, progress)
        self.n_encoded += len(new)
        return vectors[rows]

    def encode_query(self, query: str) -> np.ndarray:
        """The vector of one question, float32, shape (dimension,); ValueError when it is blank."""
        text = self.cut(query)
        with self._lock:
            vector = self._model.encode_query(text, show_progress_bar=False)
        return _of_length_one(vector[None].astype(np.float32))[0]

    def cut(self, text: str) -> str:
        """The words that can be read: the cache knows a text by them.

        A word is at least one token, so more than ``max_tokens`` words need no tokenizing.
        ValueError when there is none.
        """
        words = text.encode("utf-8", "ignore").decode("utf-8").split()[: self._max_tokens]
        if not words:
            raise ValueError("the text is empty: give at least one visible character")
        return " ".join(words)

    def token_counts(self, texts: Sequence[str]) -> np.ndarray:
        """Tokens of each whole text, with the two that mark its ends: int64, shape (n,)."""
        with self._lock:
            return self._lengths(texts, truncation=False)

    def _encode_new(
        self,
        texts: list[str],
        new: list[int],
        vectors: np.ndarray,
        cache: EmbeddingCache | None,
        progress: Progress | None,
    ) -> None:
        """Fill ``vectors`` at the rows ``new``, the longest texts first."""
        done, kept = 0, 0
        order = self._longest_first(texts, new)
        for batch in order.batches(self._batch_tokens):
            made = self._model.encode_document(
                [texts[row] for row in batch], batch_size=len(batch), show_progress_bar=False
            )
            vectors[batch] = _of_length_one(made.astype(np.float32))
            done += len(batch)
            if cache and (done - kept >= _KEPT_AT_ONCE or done == len(new)):
                part = order.rows[kept:done]
                cache.put([texts[row] for row in part], vectors[part])
                kept = done
            if progress:
                progress.update(done)

    def _longest_first(self, texts: list[str], rows: list[int]) -> _LongestFirst:
        if not rows:
            return _LongestFirst(np.empty(0, np.int64), np.empty(0, np.int64))
        lengths = self._lengths([texts[row] for row in rows], truncation=True)
        order = np.argsort(-lengths, kind="stable")
        return _LongestFirst(np.array(rows, dtype=np.int64)[order], lengths[order])

    def _lengths(self, texts: Sequence[str], *, truncation: bool) -> np.ndarray:
        cut = {"max_length": self._max_tokens} if truncation else {}
        tokens = self._model.tokenizer(list(texts), truncation=truncation, verbose=False, **cut)
        return np.array([len(ids) for ids in tokens["input_ids"]], dtype=np.int64)


class _LongestFirst:
    """Rows of texts sorted by length, so that the texts of a batch need little padding."""

    def __init__(self, rows: np.ndarray, lengths: np.ndarray) -> None:
        self.rows, self._lengths = rows, lengths

    def batches(self, batch_tokens: int) -> Iterator[np.ndarray]:
        """Rows that are encoded together: as many as fit ``batch_tokens``, at least one."""
        start = 0
        while start < len(self.rows):
            size = max(1, batch_tokens // int(self._lengths[start]))
            yield self.rows[start : start + size]
            start += size


class CrossEncoder:
    """A model that reads question and product together, for the last word on their order.

    Parameters
    ----------
    model: a folder, or a name on the model hub, of a sentence-transformers CrossEncoder.
    """

    def __init__(self, model: str) -> None:
        with without_collection():
            from sentence_transformers import CrossEncoder as Library  # noqa: PLC0415  # slow

            self._model = Library(str(model_folder(model)), local_files_only=True)
        self._lock = threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> np.ndarray:
        """How well each text answers the question, float64, shape (n,); higher is better."""
        with self._lock:
            pairs = [(query, text) for text in texts]
            scores = self._model.predict(pairs, show_progress_bar=False)
        return np.asarray(scores, dtype=np.float64).reshape(len(texts), -1)[:, -1]


def _of_length_one(vectors: np.ndarray) -> np.ndarray:
    """Vectors that a model scales to length 1 in bfloat16 are off by up to 0.4 %."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _best_precision() -> Precision:
    import torch  # noqa: PLC0415  # takes a second

    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    processor = torch.cpu.get_capabilities()
    has_bfloat16 = processor.get("avx512_bf16", False) or processor.get("amx_bf16", False)
    return "bfloat16" if has_bfloat16 else "float32"


def _load(folder: str, precision: Precision) -> Any:
    import torch  # noqa: PLC0415  # takes a second
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # takes seconds
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    return SentenceTransformer(
        folder,
        local_files_only=True,
        model_kwargs={"dtype": getattr(torch, precision), "use_safetensors": True},
    )
