"""Texts to vectors: the only module that touches sentence-transformers and torch.

Both are imported when an encoder is made, which takes seconds; importing this module does not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from recsys_lib.errors import ParameterError
from recsys_lib.search.models import fingerprint, model_folder

Precision = Literal["auto", "float32", "bfloat16"]

_SECONDS_BETWEEN_REPORTS = 10.0


class TextEncoder:
    """A language model that gives texts of like meaning vectors of like direction.

    Parameters
    ----------
    model: the packaged model's name, a folder, or a name on the model hub.
    precision: auto is bfloat16 where the processor has it in hardware, three times as fast and
        within a cosine of 0.999 of float32.
    max_tokens: longer texts are cut; ParameterError when the model reads fewer.
    batch_size: texts in one pass through the model.
    """

    def __init__(
        self, model: str, *, precision: Precision, max_tokens: int, batch_size: int
    ) -> None:
        folder = model_folder(model)
        self.fingerprint = fingerprint(folder)
        self.precision = _best_precision() if precision == "auto" else precision
        self._model = _load(str(folder), self.precision)
        longest = self._model.max_seq_length
        if max_tokens > longest:
            raise ParameterError(
                f"embed.max_tokens is {max_tokens}, but {model} reads at most {longest} tokens"
            )
        self._model.max_seq_length = max_tokens
        self._max_tokens, self._batch_size = max_tokens, batch_size
        self._lock = threading.Lock()  # a tokenizer serves one thread at a time

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._model.get_embedding_dimension()

    def encode(self, texts: Sequence[str], show_progress: bool = False) -> np.ndarray:
        """One vector of length 1 per text: float32, shape (n, dimension).

        Identical texts are encoded once. With ``show_progress`` a line every ten seconds tells
        how far it is. Raises ValueError for a text without a single visible character.
        """
        rows_of: dict[str, int] = {}
        rows = [rows_of.setdefault(self._cut(text), len(rows_of)) for text in texts]
        with self._lock:
            return self._encode_distinct(list(rows_of), show_progress)[rows]

    def token_counts(self, texts: Sequence[str]) -> np.ndarray:
        """Tokens of each whole text, with the two that mark its ends: int64, shape (n,)."""
        with self._lock:
            tokens = self._model.tokenizer(list(texts), truncation=False, verbose=False)
        return np.array([len(ids) for ids in tokens["input_ids"]], dtype=np.int64)

    def _encode_distinct(self, texts: list[str], show_progress: bool) -> np.ndarray:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        done = 0
        report = _Report(len(texts)) if show_progress else None
        for batch in self._batches(texts):
            vectors[batch] = self._model.encode(
                [texts[row] for row in batch], batch_size=len(batch), show_progress_bar=False
            )
            done += len(batch)
            if report is not None:
                report(done)
        # Vectors that a model scales to length 1 in bfloat16 are off by up to 0.4 %.
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def _batches(self, texts: list[str]) -> Iterator[np.ndarray]:
        """Rows of texts with about as many tokens, so that little padding is computed."""
        if not texts:
            return
        tokens = self._model.tokenizer(texts, truncation=True, max_length=self._max_tokens)
        order = np.argsort([-len(ids) for ids in tokens["input_ids"]], kind="stable")
        for start in range(0, len(order), self._batch_size):
            yield order[start : start + self._batch_size]

    def _cut(self, text: str) -> str:
        """As many words as can have a say: each is at least a token, and tokenizing costs time."""
        words = text.encode("utf-8", "ignore").decode("utf-8").split()[: self._max_tokens]
        if not words:
            raise ValueError("the text is empty: give at least one visible character")
        return " ".join(words)


class _Report:
    """Prints a line every few seconds, which reads well in a notebook and in a log."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._start = self._last = time.monotonic()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN_REPORTS:
            self._last = now
            speed = done / (now - self._start)
            print(f"encoded {done:,} of {self._total:,} texts, {speed:,.0f} texts/s", flush=True)


def _best_precision() -> Precision:
    import torch  # noqa: PLC0415  # takes a second

    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    processor = torch.cpu.get_capabilities()
    has_bfloat16 = processor.get("avx512_bf16", False) or processor.get("amx_bf16", False)
    return "bfloat16" if has_bfloat16 else "float32"


def _load(folder: str, precision: Precision):  # type: ignore[no-untyped-def]
    import torch  # noqa: PLC0415  # takes a second
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # takes seconds
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    return SentenceTransformer(
        folder,
        local_files_only=True,
        model_kwargs={"dtype": getattr(torch, precision), "use_safetensors": True},
    )
