"""Training: ours beside implicit's two solvers, same data, same start, same machine.

Prints seconds an iteration (median; the objective is in the time of ours only) and the objective
after each iteration. Appliances size is generated; Video Games and MovieLens 100K are used where
../shared/data has them.

python benchmarks/bench_als.py [USERS]     users of the generated data, 1690000 by default
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als.model import ExactALS, faster_model
from recsys_lib.als.solver import loss
from recsys_lib.data.etl import load_dataset
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_ALPHA, _REGULARIZATION, _SEED = 10.0, 1.0, 42
_MODELS = {
    "ours, exact": (ExactALS, 6),
    "implicit, conjugate gradient": (AlternatingLeastSquares, 4),
    "implicit, Cholesky": (partial(AlternatingLeastSquares, use_cg=False), 2),
}
"""What to train, and how many iterations of it."""


def main() -> None:
    """Print a table for each dataset."""
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        ExactALS(factors=8, iterations=1).fit(sparse.identity(64, format="csr"))  # compile
        for name, factors, matrix in _datasets():
            users, items = matrix.shape
            print(
                f"{name}: {users:,} users, {items:,} items, {matrix.nnz:,} ratings, "
                f"{factors} factors"
            )
            for label, (kind, iterations) in _MODELS.items():
                seconds, objective = _train(kind, matrix, factors, iterations)
                values = "  ".join(f"{value:.8f}" for value in objective)
                print(f"  {label:<29} {statistics.median(seconds):7.2f} s   {values}")
            print(f"  als.solver: auto takes {faster_model(matrix, factors).__name__}")


def _datasets() -> Iterator[tuple[str, int, sparse.csr_matrix]]:
    users = sys.argv[1] if len(sys.argv) > 1 else 1_690_000
    places = [
        (f"sample-{users}", 128),
        (_SHARED / "amazon2018_games", 256),
        (_SHARED / "ml-100k", 64),
    ]
    for place, factors in places:
        dataset = Dataset.find(place)
        if not (dataset.is_sample or dataset.raw.is_dir()):
            print(f"{dataset.raw} is not here")
            continue
        interactions = load_dataset(dataset, EtlParameters()).ratings.interactions()
        yield dataset.name, factors, interactions.user_items()


def _train(
    kind: type[AlternatingLeastSquares], matrix: sparse.csr_matrix, factors: int, iterations: int
) -> tuple[list[float], list[float]]:
    """Seconds of each iteration, and the objective after it, which is not in the time."""
    confidence, counts = matrix * np.float32(_ALPHA), np.ones(matrix.shape[0], dtype=np.float32)
    seconds: list[float] = []
    objective: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about BLAS threads, which are limited below
        model = kind(
            factors=factors,
            regularization=_REGULARIZATION,
            alpha=_ALPHA,
            iterations=iterations,
            random_state=_SEED,
        )
    if isinstance(model, ExactALS):
        model.calculate_training_loss = True  # its own is exact and a part of its time
        started = time.perf_counter()

        def note(number: int, elapsed: float, value: float) -> None:
            seconds.append(elapsed)
            objective.append(value)

        model.fit(matrix, callback=note)
        whole = time.perf_counter() - started
        print(f"  ours with preparation, {iterations} iterations: {whole:.1f} s")
        return seconds, objective

    def record(number: int, elapsed: float, value: None) -> None:
        seconds.append(elapsed)
        factors_now = (model.user_factors, model.item_factors)
        objective.append(loss(confidence, counts, *factors_now, _REGULARIZATION))

    with threadpool_limits(1, "blas"):
        model.fit(matrix, show_progress=False, callback=record)
    return seconds, objective


if __name__ == "__main__":
    main()
