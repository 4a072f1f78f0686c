"""The training as a notebook shows it while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from recsys_lib.als.training import Iteration, OnIteration
from recsys_lib.als.validation import K
from recsys_lib.display.progress import Progress
from recsys_lib.parameters import AlsParameters


@contextmanager
def training_progress(parameters: AlsParameters) -> Iterator[OnIteration]:
    """Show under a notebook cell how far the training is."""
    line = Progress(parameters.iterations, "iterations")
    done, note = 0, ""

    def on_iteration(iteration: Iteration) -> None:
        nonlocal done, note
        done, note = iteration.number, f"loss {iteration.loss:.6g}"
        if iteration.recall is not None:
            note += f", recall@{K} of the validation users {iteration.recall:.4f}"
        line.update(done, note)

    yield on_iteration
    line.finish(done, note)
