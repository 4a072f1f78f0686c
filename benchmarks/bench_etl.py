"""Load a dataset of the size of Amazon Appliances, with 01_etl and with the plain recipe.

The plain recipe is that of plain_recipe.py: json.loads per line, executemany, three indexes, no
check. 01_etl does everything: rules, duplicates, database, interactions,
fingerprints, rejected lines.

python benchmarks/bench_etl.py [USERS]     users of the generated data, default 1690000
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import sys
import tempfile
import time

import plain_recipe
from _machine import Machine
from _timing import in_a_process

from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.sample import ensure_sample
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import HOME_VARIABLE, Dataset

_USERS = 1_690_000
_ROUNDS = 3
_WAYS = ("plain", "ours")


def main() -> None:
    """Print time and peak memory of both, and the ratio of their times."""
    name = f"sample-{sys.argv[1] if len(sys.argv) > 1 else _USERS}"
    machine = Machine.measured()
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        # In a process of its own, as the peak memory of a child starts at that of its parent.
        in_a_process(__file__, "make", name)
        megabytes = sum(path.stat().st_size for path in Dataset.find(name).raw.iterdir()) / 1e6
        print(f"{name}: {megabytes:,.0f} MB of JSON lines, {_ROUNDS} rounds")
        rounds = [_round(name) for _ in range(_ROUNDS)]
    for way in _WAYS:
        seconds, cpu, memory = (statistics.median(r[way][i] for r in rounds) for i in range(3))
        print(
            f"  {way:<6} {seconds:6.1f} s   {cpu:6.1f} s CPU   {memory:6.0f} MB   (medians)   "
            f"{machine.moving(megabytes * 1e6, seconds)}"
        )
    ratio = statistics.median(r["plain"][0] / r["ours"][0] for r in rounds)
    print(f"  ours is {ratio:.2f} times as fast (median of the rounds)")


def _round(name: str) -> dict[str, list[float]]:
    """Run both in direct succession, so that other load on the machine slows both."""
    measured = {way: _measured(way, name) for way in _WAYS}
    plain, ours = (measured[way][0] for way in _WAYS)
    print(f"  plain {plain:.1f} s, ours {ours:.1f} s: {plain / ours:.2f} times")
    return measured


def _measured(way: str, name: str) -> list[float]:
    """Seconds, CPU seconds and peak memory (MB) of one load, in a process of its own."""
    measured: list[float] = json.loads(in_a_process(__file__, way, name))
    return measured


def _run(way: str, name: str) -> None:
    dataset = Dataset.find(name)
    if way == "--make":
        ensure_sample(dataset)
        return
    started, cpu = time.perf_counter(), time.process_time()
    if way == "--ours":
        store_dataset(load_dataset(dataset, EtlParameters()))
    else:
        dataset.processed.mkdir(parents=True, exist_ok=True)
        plain_recipe.load(dataset.raw, dataset.processed / "plain.db")
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, cpu, memory]))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].startswith("--"):
        _run(*sys.argv[1:])
    else:
        main()
