"""Run steps side by side, each once the steps it depends on are done, until a signal says stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from recsys_lib.errors import EXIT_OK
from recsys_lib.pipeline.execution._kernels import Kernels
from recsys_lib.pipeline.steps import Step
from recsys_lib.pipeline.table import sorter_of

_POLL_SECONDS = 0.2  # a signal that another thread receives does not end a wait without timeout
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Work = Callable[[], int]
"""Runs a step and returns the exit code that it means for the run."""


def run_side_by_side(
    steps: Sequence[Step],
    jobs: int,
    begin: Callable[[Step], Work],
    end: Callable[[Step], None],
    kernels: Kernels,
    stop_requested: threading.Event,
) -> int:
    """Run ``steps``, at most ``jobs`` at a time; after a failure start no more.

    ``begin`` returns the work of a step, which a thread does; ``end`` is called when it is done.
    Both run in the calling thread. Returns the first exit code that is not 0. Raises
    KeyboardInterrupt once a stop is requested.
    """
    sorter, by_name = sorter_of(steps), {step.name: step for step in steps}
    position = {step.name: number for number, step in enumerate(steps)}
    ready: list[str] = []
    running: dict[Future[int], Step] = {}
    code = EXIT_OK
    with _pool(jobs, kernels) as pool:
        while True:
            ready = sorted([*ready, *sorter.get_ready()], key=position.__getitem__)
            while ready and code == EXIT_OK and len(running) < jobs:
                step = by_name[ready.pop(0)]
                running[pool.submit(begin(step))] = step
            if not running:
                return code
            finished = wait(running, _POLL_SECONDS, FIRST_COMPLETED).done
            if stop_requested.is_set():
                raise KeyboardInterrupt
            for future in finished:
                step = running.pop(future)
                code = code or future.result()
                end(step)
                sorter.done(step.name)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn signals, also that of a closed terminal, into KeyboardInterrupt.

    The event says that one has arrived. The exception alone can get lost: Python ignores those
    raised in a destructor.
    """
    stop_requested = threading.Event()

    def interrupt(number: int, frame: object) -> None:
        stop_requested.set()
        raise KeyboardInterrupt

    heard = [s for s in _STOPPING if signal.getsignal(s) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield stop_requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _pool(jobs: int, kernels: Kernels) -> Iterator[ThreadPoolExecutor]:
    """Threads that watch kernels; an interruption stops the kernels, too."""
    pool = ThreadPoolExecutor(jobs)
    try:
        yield pool
    except KeyboardInterrupt:
        kernels.stop()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
