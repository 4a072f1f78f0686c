"""The encoder: texts to vectors, in batches, without encoding any text twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from recsys_lib.display.progress import Progress, progress_for
from recsys_lib.errors import ParameterError
from recsys_lib.search._backend import Backend, choose, open_model
from recsys_lib.search._cache import EmbeddingCache
from recsys_lib.search._models import Precision, fingerprint, model_folder
from recsys_lib.search._static import StaticModel

_CHARACTERS_PER_TOKEN = 64  # more than any text has on average, whatever its language
_STORED_AT_ONCE = 1024  # vectors; a killed run loses fewer than that


class TextEncoder:
    """A language model that gives texts of similar meaning similar vectors. Threads may share it.

    Parameters
    ----------
    model: name of the packaged model, a folder, or a name on the model hub.
    backend: auto is OpenVINO for the packaged model on a processor, otherwise torch; static takes
        the mean of the tokens' vectors.
    precision: auto is the fastest of the hardware: int8 with OpenVINO; bfloat16 or float16 with
        torch, with a cosine of at least 0.999 to float32.
    max_tokens: longer texts are cut; ParameterError when the model reads fewer.
    batch_tokens: tokens in one pass through the model, padding included; 0: as many as fit into a
        processor's cache, or keep a GPU busy.
    stored: folder with what :meth:`save` wrote of a static encoder.

    Attributes
    ----------
    fingerprint: SHA-256 of the model's weights.
    backend, precision: those that are used, never auto.
    reason: why this backend, in a few words.
    reads_at_most: tokens that the model was trained for.
    n_encoded: number of texts that went through the model so far; cached ones do not.
    """

    def __init__(
        self,
        model: str,
        *,
        backend: Backend = "auto",
        precision: Precision,
        max_tokens: int,
        batch_tokens: int,
        stored: Path | None = None,
    ) -> None:
        folder = model_folder(model)
        self.fingerprint = fingerprint(folder)
        chosen = choose(folder, self.fingerprint, backend, precision)
        self._model = open_model(folder, self.fingerprint, chosen, stored)
        self.backend, self.reason = chosen.backend, chosen.reason
        self.precision = self._model.precision
        if max_tokens > self._model.max_tokens:
            raise ParameterError(
                f"embed.max_tokens is {max_tokens}, but {model} reads at most "
                f"{self._model.max_tokens} tokens"
            )
        self.reads_at_most = self._model.max_tokens
        self.max_tokens = max_tokens
        self._batch_tokens = batch_tokens or self._model.batch_tokens
        self.n_encoded = 0
        self._lock = threading.Lock()  # a tokenizer serves one thread at a time

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.dimension

    @property
    def max_tokens(self) -> int:
        """Longer texts are cut; vectors of the same text with another maximum differ."""
        return self._model.max_tokens

    @max_tokens.setter
    def max_tokens(self, value: int) -> None:
        self._model.max_tokens = value

    def cache(self, path: Path) -> EmbeddingCache | None:
        """The cache at ``path`` for vectors of this model, recipe and maximum of tokens.

        None for static vectors: to look them up takes longer than to make them.
        """
        if isinstance(self._model, StaticModel):
            return None
        recipe = f"{self.fingerprint} {self._model.recipe} {self.max_tokens}"
        return EmbeddingCache(path, recipe)

    def weigh(self, texts: Sequence[str]) -> None:
        """Let a static encoder learn which tokens are rare in these texts; no other learns."""
        if isinstance(self._model, StaticModel):
            self._model.weigh(texts)

    def save(self, folder: Path) -> None:
        """Write what a static encoder learned, for ``stored``; there is nothing of others."""
        if isinstance(self._model, StaticModel):
            self._model.save(folder)

    def encode(
        self,
        texts: Sequence[str],
        show_progress: bool = False,
        *,
        cache: EmbeddingCache | None = None,
    ) -> np.ndarray:
        """One vector of length 1 per text: float32, shape (n, dimension).

        Identical texts are encoded once, and those in ``cache`` not at all; new vectors are added
        to it. Raises ValueError for a text without a single visible character.
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
        """The vector of a query, float32, shape (dimension,); ValueError when it is blank."""
        text = self.cut(query)
        with self._lock:
            return self._model.encode_query(text)

    def token_counts(self, texts: Sequence[str]) -> np.ndarray:
        """Tokens of each whole text with its two end marks: int64, shape (n,)."""
        if not len(texts):
            return np.empty(0, dtype=np.int64)
        with self._lock:
            return self._model.token_counts(texts, cut=False)

    def cut(self, text: str) -> str:
        """The words of ``text`` that can be read at most; the cache stores its vector under them.

        A word has at least one token, so what comes after ``max_tokens`` words need not be
        tokenized; nor do the many characters of a text without blanks. ValueError when there is no
        word.
        """
        words = text.encode("utf-8", "ignore").decode("utf-8").split()[: self.max_tokens]
        if not words:
            raise ValueError("the text is empty: give at least one visible character")
        return " ".join(words)[: _CHARACTERS_PER_TOKEN * self.max_tokens].rstrip()

    def _encode_new(
        self,
        texts: list[str],
        new: list[int],
        vectors: np.ndarray,
        cache: EmbeddingCache | None,
        progress: Progress | None,
    ) -> None:
        """Fill ``vectors`` at the rows ``new``, longest texts first."""
        if not new:
            return
        done, stored = 0, 0
        lengths = self._model.token_counts([texts[row] for row in new], cut=True)
        order = np.argsort(-lengths, kind="stable")
        rows = np.array(new, dtype=np.int64)[order]
        batches = list(_batches(rows, lengths[order], self._batch_tokens))
        made = self._model.encode_batches([texts[row] for row in batch] for batch in batches)
        for batch, encoded in zip(batches, made, strict=True):
            vectors[batch] = encoded
            done += len(batch)
            if cache and (done - stored >= _STORED_AT_ONCE or done == len(new)):
                part = rows[stored:done]
                cache.put([texts[row] for row in part], vectors[part])
                stored = done
            if progress:
                progress.update(done)


def _batches(rows: np.ndarray, lengths: np.ndarray, batch_tokens: int) -> Iterator[np.ndarray]:
    """Rows that are encoded together: as many as fit ``batch_tokens``, at least one.

    ``lengths`` fall, so that the texts of a batch are about as long and need little padding.
    """
    start = 0
    while start < len(rows):
        size = max(1, batch_tokens // int(lengths[start]))
        yield rows[start : start + size]
        start += size
