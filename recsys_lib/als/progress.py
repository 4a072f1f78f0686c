"""The progress of a training, iteration by iteration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recsys_lib.als.training import Iteration, OnIteration
from recsys_lib.als.validation import K
from recsys_lib.display.progress import progress_for
from recsys_lib.parameters import AlsParameters


@contextmanager
def training_progress(parameters: AlsParameters) -> Iterator[OnIteration]:
    """Show how far a training is; what it yields is ``on_iteration`` of ``train_als``."""
    with progress_for(parameters.iterations, "iterations") as progress:

        def on_iteration(iteration: Iteration) -> None:
            note = f"loss {iteration.loss:.6g}"
            if iteration.recall is not None:
                note += f", recall@{K} of the validation users {iteration.recall:.4f}"
            progress.update(iteration.number, note)

        yield on_iteration
