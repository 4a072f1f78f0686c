"""Times of many calls, wall-clock and CPU; CPU time tells what work takes on a busy machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable

import numpy as np


def milliseconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and CPU time of one call."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return 1000 * (time.perf_counter() - started), 1000 * (time.process_time() - used)


def in_a_process(script: str, task: str, name: str) -> str:
    """What a task of a benchmark prints; the peak memory is then its own."""
    command = [sys.executable, script, f"--{task}", name]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def quantiles(times: Iterable[tuple[float, float]]) -> str:
    """Median and 99th percentile of both."""
    wall, processor = (np.quantile(column, (0.5, 0.99)) for column in np.array(list(times)).T)
    return (
        f"p50 {wall[0]:7.2f}   p99 {wall[1]:7.2f}   "
        f"(CPU: p50 {processor[0]:6.2f}   p99 {processor[1]:6.2f})"
    )
