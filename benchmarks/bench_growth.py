"""How time and memory of each step grow with the data: a table, a plot, and fitted exponents.

Every size is a generated dataset of so many users in a folder of its own. Of its texts some are
encoded and timed, and multiplied, because encoding is proportional to texts; the vectors of the
others lie between those. The sequence model is left out: its time is limited by a parameter.
Times are those of processors, which on a busy machine say more than the clock; seconds by the clock
are beside them.

python benchmarks/bench_growth.py [USERS ...]      default 16900 169000 507000: 1, 10, 30 %
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from _appliances import fill_cache
from _timing import in_a_process

from recsys_lib.data.database import read_products
from recsys_lib.data.sample import ensure_sample
from recsys_lib.data.summary import read_summary
from recsys_lib.parameters import EmbedParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.pipeline.runs.record import RECORD
from recsys_lib.search import product_texts, text_encoder

_USERS = ("16900", "169000", "507000")
_STEPS = ("etl", "als", "embed", "evaluate")
_ENCODING = "encoding"
_TIMED_TEXTS = 64
_PLOT = Path(__file__).parents[1] / "docs" / "growth.png"


class Cost(NamedTuple):
    """Seconds of processor time, by the clock, and the most memory held.

    What is extrapolated has neither of the last two.
    """

    seconds: float
    by_clock: float | None = None
    megabytes: float | None = None


def main() -> None:
    """Print a table of all sizes and draw it."""
    sizes = {int(users): _measure(users) for users in sys.argv[1:] or _USERS}
    names = [*_STEPS, _ENCODING]
    exponents = {
        name: _exponent({users: costs[name].seconds for users, costs in sizes.items()})
        for name in names
    }
    print("| users | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for users, costs in sizes.items():
        cells = (_cell(costs[name]) for name in names)
        print(f"| {users:,} | " + " | ".join(cells) + " |")
    print("| exponent | " + " | ".join(f"{exponents[name]:.2f}" for name in names) + " |")
    _draw(sizes, exponents)


def _measure(users: str) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        name = f"sample-{users}"
        in_a_process(__file__, "make", name)
        costs = {step: _step(name, Path(home), step) for step in _STEPS[:2]}
        costs[_ENCODING] = Cost(float(in_a_process(__file__, "encode", name).split()[-1]))
        costs |= {step: _step(name, Path(home), step) for step in _STEPS[2:]}
        counts = read_summary(Dataset.find(name).processed)["counts"]
    print(f"{name}: {counts}; load {os.getloadavg()[0]:.1f}", flush=True)
    return costs


def _step(name: str, home: Path, step: str) -> Cost:
    """Run a step; the ones before it are taken from the cache."""
    script = Path(__file__).parents[1] / "run_pipeline.py"
    steps = ",".join(_STEPS[: _STEPS.index(step) + 1])
    command = [sys.executable, str(script), "--set", f"dataset={name}", "--steps", steps]
    command += ["--quiet", "--set", "evaluate.sequence=off"] if step == "evaluate" else ["--quiet"]
    before = _processor_seconds()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = _processor_seconds() - before
    record = json.loads((home / "outputs" / "latest" / RECORD).read_text())
    (entry,) = (entry for entry in record["steps"] if entry["name"] == step)
    return Cost(seconds, entry["seconds"], entry["peak_memory_mb"])


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _encode(name: str) -> None:
    """Print the seconds of all texts, from those of some; vectors go into the cache."""
    dataset, parameters = Dataset.find(name), EmbedParameters()
    texts = product_texts(read_products(dataset.database), parameters.fields)
    encoder = text_encoder(parameters)
    cut = list(dict.fromkeys(encoder.cut(text) for text in texts if text))
    some = cut[:: max(1, len(cut) // _TIMED_TEXTS)]
    encoder.encode(some[:8], show_progress=False)
    started = time.process_time()
    encoder.encode(some, show_progress=False)
    seconds = (time.process_time() - started) * len(cut) / len(some)
    fill_cache(dataset)
    print(seconds)


def _exponent(seconds: dict[int, float]) -> float:
    """The slope of a straight line through the logarithms."""
    if len(seconds) < 2:
        return float("nan")
    return float(np.polyfit(np.log([*seconds]), np.log([*seconds.values()]), 1)[0])


def _cell(cost: Cost) -> str:
    by_clock = "" if cost.by_clock is None else f" ({cost.by_clock:,.0f} s)"
    memory = "" if cost.megabytes is None else f", {cost.megabytes:,.0f} MB"
    return f"{cost.seconds:,.0f} s{by_clock}{memory}"


def _draw(sizes: dict[int, dict[str, Cost]], exponents: dict[str, float]) -> None:
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name, exponent in exponents.items():
        seconds = [costs[name].seconds for costs in sizes.values()]
        axes.loglog([*sizes], seconds, marker="o", label=f"{name}: users^{exponent:.2f}")
    axes.set(xlabel="users", ylabel="seconds of processor time")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(_PLOT, dpi=110)
    print(f"drawn in {_PLOT}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        ensure_sample(Dataset.find(sys.argv[2]))
    elif sys.argv[1:2] == ["--encode"]:
        _encode(sys.argv[2])
    else:
        main()
