"""Compare our ALS training with implicit's two solvers and irspack's, on the same data and machine.

Prints for each solver the seconds per iteration (median without the first), the time until the
objective is as low as implicit's after 15 iterations, and the objective after each iteration. One
function computes all objectives, outside the measured time; our time includes the objective that
our solver always computes. We and implicit start from the same factors, irspack from its own.

The Appliances data is generated; Video Games and MovieLens 100K are used if ../shared/data has
them, irspack if it is installed (pip install -c constraints.txt irspack).

python benchmarks/bench_als.py [USERS]     users of the generated data, 1690000 by default
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from _machine import Machine
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.als import ExactALS
from recsys_lib.als.solver_choice import exact_is_faster
from recsys_lib.data.etl import load_dataset
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
_BLOCK = 1 << 16  # rows held in float64 at once
_ALPHA, _REGULARIZATION, _SEED, _TARGET = 10.0, 1.0, 42, 15

Curve = tuple[list[float], list[float]]
"""Seconds of each iteration, and the objective after it."""


def main() -> None:
    """Print a table for each dataset."""
    machine = Machine.measured()
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        ExactALS(factors=8, iterations=1).fit(sparse.identity(64, format="csr"))  # compile
        for name, factors, matrix in _datasets():
            _compare(name, factors, matrix, machine)


def _compare(name: str, factors: int, matrix: sparse.csr_matrix, machine: Machine) -> None:
    users, items = matrix.shape
    print(f"\n{name}: {users:,} users, {items:,} items, {matrix.nnz:,} ratings, {factors} factors")
    theirs = _implicit(matrix, factors, _TARGET)
    target = theirs[1][-1]
    _print("implicit, conjugate gradient", theirs, target)
    ours = _ours(matrix, factors, _TARGET)
    _print("ours, exact", ours, target)
    # In each half of an iteration, a rating takes the factors of its item or of its user.
    gathered = 2 * matrix.nnz * factors * np.dtype(np.float32).itemsize
    print(f"  its gathers of factors: {machine.moving(gathered, statistics.median(ours[0][1:]))}")
    _print("ours, exact, momentum", _ours(matrix, factors, _TARGET, momentum=True), target)
    _print("implicit, Cholesky", _implicit(matrix, factors, 2, use_cg=False), target)
    for solver in ("CG", "IALSPP"):
        curve = _irspack(matrix, factors, 3, solver)
        if curve:
            _print(f"irspack, {solver}", curve, target)
    print(f"  als.solver: auto takes {'exact' if exact_is_faster(matrix, factors) else 'cg'}")


def _print(label: str, curve: Curve, target: float) -> None:
    seconds, objectives = curve
    reached = next((n for n, value in enumerate(objectives) if value <= target), None)
    until = "" if reached is None else f"{sum(seconds[: reached + 1]):.1f} s ({reached + 1})"
    values = " ".join(f"{value:.6g}" for value in objectives[:5])
    print(
        f"  {label:<29} {statistics.median(seconds[1:]):8.3f} s an iteration; "
        f"to the target: {until or '-':<12}  {values}"
    )


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
            print(f"{dataset.raw} does not exist: skipped")
            continue
        interactions = load_dataset(dataset, EtlParameters()).ratings.interactions()
        yield dataset.name, factors, interactions.user_items()


def _options(factors: int, iterations: int) -> dict[str, Any]:
    return {
        "factors": factors,
        "regularization": _REGULARIZATION,
        "alpha": _ALPHA,
        "iterations": iterations,
        "random_state": _SEED,
    }


def _ours(
    matrix: sparse.csr_matrix, factors: int, iterations: int, *, momentum: bool = False
) -> Curve:
    with threadpool_limits(1, "blas"):  # implicit warns about more BLAS threads
        model = ExactALS(**_options(factors, iterations), momentum=momentum)
    seconds, objectives = [], []
    started = time.perf_counter()

    def note(number: int, elapsed: float, value: float) -> None:
        seconds.append(elapsed)
        objectives.append(value)

    model.fit(matrix, callback=note)
    whole = time.perf_counter() - started
    print(f"  ours, {iterations} iterations with all preparation: {whole:.1f} s")
    checked = _objective(
        matrix * np.float32(_ALPHA), model.user_factors, model.item_factors, _REGULARIZATION
    )
    if abs(checked / objectives[-1] - 1) > 1e-4:
        raise AssertionError(f"our objective {objectives[-1]} should be {checked}")
    print(f"  ours, fold-in of a history of 10 items: {_fold_in(model):.3f} ms")
    return seconds, objectives


def _fold_in(model: ExactALS) -> float:
    """Median milliseconds to solve for one user, without the preparation of the model."""
    fold_in, random = model.fold_in(), np.random.default_rng(_SEED)
    n_items, times = len(model.item_factors), []
    for _ in range(200):
        items = np.sort(random.choice(n_items, 10, replace=False))
        cells = (np.full(10, _ALPHA, dtype=np.float32), items, [0, 10])
        history = sparse.csr_matrix(cells, shape=(1, n_items))
        started = time.perf_counter()
        fold_in.solve(history)
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def _implicit(
    matrix: sparse.csr_matrix, factors: int, iterations: int, *, use_cg: bool = True
) -> Curve:
    confidence = matrix * np.float32(_ALPHA)
    seconds, objectives = [], []

    def note(number: int, elapsed: float, value: None) -> None:
        seconds.append(elapsed)
        factors_now = (model.user_factors, model.item_factors)
        objectives.append(_objective(confidence, *factors_now, _REGULARIZATION))

    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        model = AlternatingLeastSquares(**_options(factors, iterations), use_cg=use_cg)
        model.fit(matrix, show_progress=False, callback=note)
    return seconds, objectives


def _irspack(matrix: sparse.csr_matrix, factors: int, iterations: int, solver: str) -> Curve | None:
    """With loss "ORIGINAL", nu = 0 and X = c - 1, irspack minimizes the same objective."""
    try:
        from irspack.recommenders import IALSRecommender  # noqa: PLC0415  # optional
    except ModuleNotFoundError:
        print("  irspack is not installed")
        return None
    confidence = matrix * np.float32(_ALPHA)
    above = confidence.copy()
    above.data -= 1
    model = IALSRecommender(
        above,
        n_components=factors,
        alpha0=1.0,
        reg=_REGULARIZATION,
        nu=0.0,
        loss_type="ORIGINAL",
        solver_type=solver,
        random_seed=_SEED,
        n_threads=os.cpu_count(),
    )
    trainer = model._create_trainer()
    return _timed(
        trainer.run_epoch,
        lambda: _objective(
            confidence, trainer.core_trainer.user, trainer.core_trainer.item, _REGULARIZATION
        ),
        iterations,
    )


def _timed(step: Callable[[], object], value: Callable[[], float], iterations: int) -> Curve:
    seconds, objectives = [], []
    for _ in range(iterations):
        started = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - started)
        objectives.append(value())
    return seconds, objectives


def _objective(
    confidence: sparse.csr_matrix,
    user_factors: np.ndarray,
    item_factors: np.ndarray,
    regularization: float,
) -> float:
    """The objective in float64, without a look at cells that have no entry.

    The sum over all cells of (x y)^2 is the trace of X'X Y'Y; cells with entries then get their
    difference added. It is divided by the sum of all confidences, as in implicit.
    """
    users, items = _gram(user_factors), _gram(item_factors)
    certainty = np.abs(confidence.data).astype(np.float64)
    wanted = (confidence.data > 0).astype(np.float64)
    scores = _scores(confidence, user_factors, item_factors)
    entries = np.sum(certainty * (wanted - scores) ** 2 - scores**2)
    norms = regularization * (np.trace(users) + np.trace(items))
    cells = np.prod(confidence.shape, dtype=np.float64) - confidence.nnz + certainty.sum()
    return float((np.sum(users * items) + entries + norms) / cells)


def _gram(factors: np.ndarray) -> np.ndarray:
    blocks = (factors[n : n + _BLOCK].astype(np.float64) for n in range(0, len(factors), _BLOCK))
    return sum((block.T @ block for block in blocks), np.zeros((factors.shape[1],) * 2))


def _scores(confidence: sparse.csr_matrix, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    row = np.repeat(np.arange(confidence.shape[0]), np.diff(confidence.indptr))
    scores = np.empty(len(row))
    for n in range(0, len(row), _BLOCK):
        pair = slice(n, n + _BLOCK)
        left, right = x[row[pair]], y[confidence.indices[pair]]
        scores[pair] = np.einsum("nf,nf->n", left, right, dtype=np.float64)
    return scores


if __name__ == "__main__":
    main()
