"""The same steps by the local engine and by Spark on this machine: time and memory of both.

Every size is a generated dataset of so many users in a folder of its own. Each engine reads the
files and trains ALS with equal parameters; memory is that of all its processes together, Java's
included. On one machine Spark can only cost: this shows how much, and how both grow.

python benchmarks/bench_spark.py [USERS ...]      default 169000 507000 1690000: 10, 30, 100 %
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil

from recsys_lib.data.sample import ensure_sample
from recsys_lib.data.summary import read_summary
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.pipeline.runs.record import RECORD

_USERS = ("169000", "507000", "1690000")
_STEPS = {"etl": (), "als": ("--set", "als.factors=64", "--set", "als.regularization=10")}
_SPARK = ("--set", "engine=spark", "--set", "spark.driver.memory=4g")
_ENGINES = {"local": (), "spark": _SPARK}
_EVERY = 0.2  # seconds


class Cost(NamedTuple):
    """Seconds by the clock, and the most memory of all processes of a step."""

    seconds: float
    megabytes: float


def main() -> None:
    """Print a row for each size and step, and the exponents of growth."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| users | ratings | step | local | Spark | Spark / local |")
    print("|---|---|---|---|---|---|", flush=True)
    costs: dict[tuple[str, str], dict[int, Cost]] = {}
    for users in sys.argv[1:] or _USERS:
        with tempfile.TemporaryDirectory() as home:
            os.environ[HOME_VARIABLE] = home
            ensure_sample(Dataset.find(f"sample-{users}"))
            for engine in _ENGINES:
                for step in _STEPS:
                    cost = _cost(f"sample-{users}", Path(home), engine, step)
                    costs.setdefault((engine, step), {})[int(users)] = cost
            counts = read_summary(Dataset.find(f"sample-{users}").processed)["counts"]
        for step in _STEPS:
            local, spark = (costs[engine, step][int(users)] for engine in _ENGINES)
            print(
                f"| {int(users):,} | {counts['interactions']:,} | {step} | {_shown(local)} | "
                f"{_shown(spark)} | {spark.seconds / local.seconds:.1f} |",
                flush=True,
            )
    for (engine, step), sizes in costs.items():
        if len(sizes) > 1:
            print(f"{engine} {step}: seconds grow with users to the power {_exponent(sizes):.2f}")


def _cost(name: str, home: Path, engine: str, step: str) -> Cost:
    script = Path(__file__).parents[1] / "run_pipeline.py"
    options = ("--set", f"dataset={name}", "--steps", step, *_STEPS[step], *_ENGINES[engine])
    running = subprocess.Popen(
        [sys.executable, str(script), *options, "--quiet", "--force"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    most, tree = 0, psutil.Process(running.pid)
    while running.poll() is None:
        most = max(most, _memory(tree))
        time.sleep(_EVERY)
    if running.returncode:
        raise SystemExit(f"{engine} {step} of {name} ended with {running.returncode}")
    record = json.loads((home / "outputs" / "latest" / RECORD).read_text())
    (entry,) = (one for one in record["steps"] if one["name"] == step)
    return Cost(entry["seconds"], most / 1e6)


def _memory(tree: psutil.Process) -> int:
    """Bytes of a process and all that it started, without counting shared pages twice."""
    total = 0
    try:
        for process in (tree, *tree.children(recursive=True)):
            total += process.memory_full_info().pss
    except psutil.NoSuchProcess:  # it ended meanwhile
        pass
    return total


def _shown(cost: Cost) -> str:
    return f"{cost.seconds:.0f} s, {cost.megabytes / 1e3:.1f} GB"


def _exponent(sizes: dict[int, Cost]) -> float:
    logs = np.log([(users, cost.seconds) for users, cost in sizes.items()])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


if __name__ == "__main__":
    main()
