"""From raw files to a served model and its report at Appliances size, and by the plain recipe.

Ours is `run_pipeline.py` with default parameters on generated reviews and products, nothing cached;
then the same with static vectors of texts, which needs no language model. The plain recipe
(plain_recipe.py) goes through the same steps in one process each; what takes hours is measured on a
share and multiplied, and says so.

python benchmarks/bench_reference.py [USERS [ROUNDS]]      default 1690000 users, 3 rounds
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import plain_recipe
from _machine import Machine
from _timing import in_a_process

from recsys_lib.data.database import read_products
from recsys_lib.data.sample import ensure_sample
from recsys_lib.parameters import EmbedParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.pipeline.runs.record import RECORD
from recsys_lib.search import product_texts
from recsys_lib.search.encoder import model_folder

_USERS, _ROUNDS = 1_690_000, 3
_FACTORS, _ITERATIONS, _MEASURED_ITERATIONS = 128, 100, 2
_TEXTS, _TEST_USERS, _SEED = 512, 2_000, 5
_PLAIN = ("load", "train", "encode", "index", "evaluate")
_OURS = {"load": "etl", "train": "als", "encode": "embed", "evaluate": "evaluate"}
"""Which of our steps does what a step of the plain recipe does; embed builds the index, too."""

_RECIPE = "plain recipe"
_OPTIONS = {"ours": (), "ours, static vectors": ("--set", "embed.backend=static")}


class Cost(NamedTuple):
    """What a step took; ``share`` is what of it was measured, 1 for all of it."""

    seconds: float
    megabytes: float
    share: float = 1.0


def main() -> None:
    """Print the machine, both ways step by step, and the ratio of the whole."""
    users = sys.argv[1] if len(sys.argv) > 1 else str(_USERS)
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else _ROUNDS
    Machine.measured()
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        name = f"sample-{users}"
        in_a_process(__file__, "make", name)
        raw = sum(path.stat().st_size for path in Dataset.find(name).raw.iterdir()) / 1e6
        print(f"{name}: {raw:,.0f} MB of JSON lines; medians of {rounds}", flush=True)
        measured = [_round(name, Path(home)) for _ in range(rounds)]
    _print_table(measured)


def _round(name: str, home: Path) -> dict[str, dict[str, Cost]]:
    """What each step costs in each way."""
    ways = {way: _ours(name, home, options) for way, options in _OPTIONS.items()}
    plain = {step: Cost(*json.loads(in_a_process(__file__, step, name))) for step in _PLAIN}
    whole = sum(cost.seconds for cost in plain.values())
    ways[_RECIPE] = plain | {"all": Cost(whole, max(cost.megabytes for cost in plain.values()))}
    said = ", ".join(f"{way} {costs['all'].seconds:.0f} s" for way, costs in ways.items())
    print(f"  {said}; load {os.getloadavg()[0]:.1f}", flush=True)
    return ways


def _ours(name: str, home: Path, options: tuple[str, ...]) -> dict[str, Cost]:
    script = Path(__file__).parents[1] / "run_pipeline.py"
    command = [sys.executable, str(script), "--set", f"dataset={name}", "--force", "--quiet"]
    shutil.rmtree(Dataset.find(name).processed, ignore_errors=True)  # with the vectors of texts
    started = time.perf_counter()
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    record = json.loads((home / "outputs" / "latest" / RECORD).read_text())
    steps = {step["name"]: step for step in record["steps"]}
    costs = {
        plain: Cost(steps[step]["seconds"], steps[step]["peak_memory_mb"])
        for plain, step in _OURS.items()
    }
    return costs | {"all": Cost(seconds, max(cost.megabytes for cost in costs.values()))}


def _print_table(rounds: list[dict[str, dict[str, Cost]]]) -> None:
    print("  step      " + " ".join(f"{way:<22}" for way in rounds[0]))
    for step in (*_PLAIN, "all"):
        costs = ([ways[way][step] for ways in rounds if step in ways[way]] for way in rounds[0])
        print(f"  {step:<9} " + " ".join(f"{_cell(cell):<22}" for cell in costs))
    for way in _OPTIONS:
        ratio = statistics.median(
            ways[_RECIPE]["all"].seconds / ways[way]["all"].seconds for ways in rounds
        )
        print(f"  {way}: {ratio:.1f} times as fast as the {_RECIPE}")


def _cell(costs: list[Cost]) -> str:
    if not costs:
        return "in encode"
    seconds = statistics.median(cost.seconds for cost in costs)
    memory = max(cost.megabytes for cost in costs)
    share = costs[0].share
    guess = f"   (extrapolated from {share:.1%})" if share < 1 else ""
    return f"{seconds:7.0f} s {memory:5.0f} MB{guess}"


def _seconds_of(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _run(task: str, name: str) -> None:
    """One step of the plain recipe; prints seconds, peak memory (MB) and the measured share."""
    data = Dataset.find(name)
    if task == "make":
        ensure_sample(data)
        return
    seconds, share = _STEPS[task](data)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, memory, share]))


def _load(data: Dataset) -> tuple[float, float]:
    return _seconds_of(lambda: plain_recipe.load(data.raw, _database(data))), 1.0


def _train(data: Dataset) -> tuple[float, float]:
    started = time.perf_counter()
    ratings = plain_recipe.matrix(_database(data))
    reading = time.perf_counter() - started
    training = _seconds_of(lambda: plain_recipe.train(ratings, _FACTORS, _MEASURED_ITERATIONS))
    share = _MEASURED_ITERATIONS / _ITERATIONS
    return reading + training / share, share


def _encode(data: Dataset) -> tuple[float, float]:
    texts = product_texts(read_products(data.database), EmbedParameters().fields)
    some = np.random.default_rng(_SEED).choice(len(texts), min(_TEXTS, len(texts)), replace=False)
    chosen = [texts[row] for row in some]
    folder = model_folder(EmbedParameters().model)
    plain_recipe.encode(chosen[:8], folder)  # loading the model is not multiplied
    share = len(chosen) / len(texts)
    return _seconds_of(lambda: plain_recipe.encode(chosen, folder)) / share, share


def _index(data: Dataset) -> tuple[float, float]:
    n_products = len(read_products(data.database))
    vectors = np.random.default_rng(_SEED).standard_normal((n_products, 384), dtype=np.float32)
    return _seconds_of(lambda: plain_recipe.index(vectors)), 1.0


def _evaluate(data: Dataset) -> tuple[float, float]:
    ratings = plain_recipe.matrix(_database(data))
    model = plain_recipe.train(ratings, _FACTORS, 1)
    return plain_recipe.seconds_of_evaluation(model, ratings, _TEST_USERS)


def _database(data: Dataset) -> Path:
    return data.processed / "plain.db"


_STEPS = {
    "load": _load,
    "train": _train,
    "encode": _encode,
    "index": _index,
    "evaluate": _evaluate,
}

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("--"):
        _run(sys.argv[1][2:], sys.argv[2])
    else:
        main()
