"""Evaluate one model with this project, ranx and implicit.evaluation: time, memory, values.

Each time is that of the clock, and in brackets that of the processors, which other programs disturb
less.

A briefly trained model is ranked for all test users of the Video Games data if ../shared/data has
them, otherwise of a generated sample. The same lists are then measured by this project and by ranx;
implicit ranks and measures in one call. The values must agree.

python benchmarks/bench_eval.py
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _machine import Machine
from implicit.cpu.als import AlternatingLeastSquares
from implicit.evaluation import ranking_metrics_at_k
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.data.etl import load_dataset
from recsys_lib.evaluation import Factors, TrainTest, evaluate, leave_last_out, metrics
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset

_GAMES = Path(__file__).resolve().parents[2] / "shared" / "data" / "amazon2018_games"
_K, _FACTORS, _SEED = 10, 128, 0
_NAMES = ("recall", "precision", "hit_rate", "ndcg", "map", "mrr")


def main() -> None:
    """Print seconds, memory and values."""
    machine = Machine.measured()
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        split = _split()
        users, items = len(split.test_users), len(split.train.items)
        print(f"{users:,} test users, {items:,} items, {_FACTORS} factors, k = {_K}")
        before = _peak_mb()
        factors = _factors(split)
        evaluation, seconds = _timed(
            lambda: evaluate({"als": Factors(*factors)}, split, [_K], seed=_SEED)
        )
        ours = {name: evaluation.value("als", name, _K) for name in _NAMES}
        ranking = evaluation.seconds["als"]
        scoring = machine.multiplying(2.0 * users * items * _FACTORS, ranking)
        print(f"ours, ranking every item               {ranking:7.2f} s   {scoring}")
        print(f"ours, ranking, metrics and intervals   {seconds}   {_text(ours)}")
        print(f"  peak memory before {before:,.0f} MB, after {_peak_mb():,.0f} MB")
        theirs, seconds = _timed(lambda: _implicit(split, factors))
        print(f"implicit, ranking and four metrics     {seconds}   {_text(theirs)}")
        lists = evaluation.lists["als"]
        mine, seconds = _timed(lambda: _measure(lists, split))
        print(f"ours, six metrics of given lists       {seconds}   {_text(mine)}")
        _ranx(lists, split)


def _split() -> TrainTest:
    place: Path | str = _GAMES if _GAMES.is_dir() else "sample-50000"
    return leave_last_out(load_dataset(Dataset.find(place), EtlParameters()).ratings.interactions())


def _factors(split: TrainTest) -> tuple[np.ndarray, np.ndarray]:
    """Factors of implicit after a few iterations: better than noise, and fast to train."""
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AlternatingLeastSquares(_FACTORS, alpha=10.0, iterations=3, random_state=_SEED)
        model.fit(split.train.user_items(), show_progress=False)
    return model.user_factors, model.item_factors


def _measure(lists: np.ndarray, split: TrainTest) -> dict[str, float]:
    relevant = split.test.relevant
    hits, n_relevant = metrics.hits(lists, relevant), np.diff(relevant.indptr)
    return {name: float(metrics.ACCURACY[name](hits, n_relevant).mean()) for name in _NAMES}


def _implicit(split: TrainTest, factors: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Its precision is hits / min(k, relevant): recall, when one item is held out."""
    with threadpool_limits(1, "blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AlternatingLeastSquares(_FACTORS)
        model.user_factors, model.item_factors = factors
        train = split.train.user_items()
        cells = (split.test_users[split.test.row], split.test.interactions.item)
        ones = np.ones(len(split.test.interactions), np.float32)
        test = sparse.csr_matrix((ones, cells), shape=train.shape)
        found = ranking_metrics_at_k(model, train, test, K=_K, show_progress=False, num_threads=0)
    return {"recall": found["precision"], "ndcg": found["ndcg"], "map": found["map"]}


def _ranx(lists: np.ndarray, split: TrainTest) -> None:
    from ranx import Qrels, Run  # noqa: PLC0415  # compiles for a while
    from ranx import evaluate as ranx_evaluate  # noqa: PLC0415

    items = split.test.interactions.item
    names = [f"{name}@{_K}" for name in _NAMES]

    def build() -> tuple[Any, Any]:
        qrels = Qrels({str(u): {str(i): 1} for u, i in enumerate(items)})
        scores = range(_K, 0, -1)
        run = Run(
            {
                str(u): {str(i): float(s) for i, s in zip(row, scores, strict=True)}
                for u, row in enumerate(lists)
            }
        )
        return qrels, run

    (qrels, run), building = _timed(build)
    ranx_evaluate(qrels, run, names)  # compiles
    found, seconds = _timed(lambda: ranx_evaluate(qrels, run, names))
    values = {name: found[f"{name}@{_K}"] for name in _NAMES}
    print(f"ranx, six metrics of given lists       {seconds}   {_text(values)}")
    print(f"  and {building} to convert the lists")


def _timed(function: Callable[[], Any]) -> tuple[Any, str]:
    started, used = time.perf_counter(), time.process_time()
    result = function()
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    return result, f"{seconds} ({cpu:.2f} s)"


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _text(values: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.5f}" for name, value in values.items())


if __name__ == "__main__":
    main()
