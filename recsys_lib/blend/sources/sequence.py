"""The next item by a sequence model: a small transformer over the items of a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from recsys_lib.blend.histories import Histories
from recsys_lib.blend.sources._attention import last_states
from recsys_lib.blend.sources.base import CandidateSource, ServedParts, Training
from recsys_lib.imports import has_torch, require_torch
from recsys_lib.parameters import AUTO

_FEWEST_STEPS = 50_000
_MOST_STEPS = 3_000_000
"""Items in all epochs together that a training takes: some minutes on two cores."""
_MOST_EPOCHS, _FEWEST_EPOCHS = 24, 4


@dataclass(frozen=True)
class Sequence(CandidateSource):
    """Scores of the transformer's state after the newest item.

    ``weights`` are its arrays by name; ``weights["items"]`` has the shape (items, width).
    """

    name: ClassVar[str] = "sequence"
    plain_reason: ClassVar[str] = "goes with what you took lately"

    weights: Mapping[str, np.ndarray]

    @classmethod
    def train(cls, training: Training) -> Self | None:
        """Train with PyTorch; None where it is off, or ``auto`` finds too few or too many data.

        Without PyTorch ``auto`` is None, see :func:`lacks_pytorch`, and ``on`` a ParameterError.
        """
        histories = training.histories.strong()
        epochs = _epochs(histories, training.options.sequence)
        if not epochs or lacks_pytorch(training):
            return None
        require_torch("the sequence model (evaluate.sequence, which may be off)")
        # PyTorch takes seconds to import.
        from recsys_lib.blend.sources._transformer import (  # noqa: PLC0415
            SequenceParameters,
            train_transformer,
        )

        before = training.start.get(cls.name)
        start = before.weights if isinstance(before, cls) else None
        parameters = SequenceParameters(epochs=epochs, minutes=training.options.sequence_minutes)
        weights = train_transformer(
            histories.indptr,
            histories.items,
            histories.n_items,
            parameters,
            seed=training.options.seed,
            start=start,
        )
        return cls(weights)

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights."""
        return dict(self.weights)

    @classmethod
    def load(cls, arrays: Mapping[str, np.ndarray], parts: ServedParts) -> Self:
        """From the weights; products without interactions have the vector 0."""
        return cls({**arrays, "items": parts.padded(arrays["items"])})

    @classmethod
    def renumbered(
        cls, arrays: Mapping[str, np.ndarray], rows: np.ndarray, n_items: int
    ) -> dict[str, np.ndarray]:
        """The same weights; the vectors of new items are 0."""
        before = arrays["items"]
        items = np.zeros((n_items, before.shape[1]), dtype=before.dtype)
        items[rows[rows >= 0]] = before[rows >= 0]
        return {**arrays, "items": items}

    def scores(self, histories: Histories) -> np.ndarray:
        """Inner products of the last state and all items; 0 for an empty history."""
        return self.user_vectors(histories) @ self.item_vectors.T

    @property
    def item_vectors(self) -> np.ndarray:
        """The item table."""
        return self.weights["items"]

    def user_vectors(self, histories: Histories) -> np.ndarray:
        """The last states; zeros for an empty history."""
        places = len(self.weights["places"])
        strong = histories.strong()
        lengths = np.minimum(strong.lengths, places)
        states = np.zeros((len(histories), self.item_vectors.shape[1]), dtype=np.float32)
        known = np.flatnonzero(lengths)
        if len(known):
            steps = np.arange(lengths.max())
            inside = steps < lengths[known][:, None]
            first = strong.indptr[known + 1] - lengths[known]
            entries = np.where(inside, first[:, None] + steps, 0)
            items = np.where(inside, strong.items[entries], 0)
            states[known] = last_states(self.weights, items, lengths[known])
        return states


def lacks_pytorch(training: Training) -> bool:
    """Whether ``auto`` leaves the model out for nothing but that PyTorch is not installed."""
    mode = training.options.sequence
    return mode == AUTO and not has_torch() and _epochs(training.histories.strong(), mode) > 0


def _epochs(histories: Histories, mode: str) -> int:
    """Number of epochs; 0 for none."""
    steps = int(np.maximum(histories.lengths - 1, 0).sum())
    if mode == "off" or not steps:
        return 0
    epochs = min(_MOST_EPOCHS, _MOST_STEPS // steps)
    if mode == "on":
        return max(epochs, _FEWEST_EPOCHS)
    return epochs if steps >= _FEWEST_STEPS and epochs >= _FEWEST_EPOCHS else 0
