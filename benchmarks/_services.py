"""Services in processes of their own: ours and the usual recipe, with one worker or several."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PEER_VERSION = "PEER_VERSION"
"""Variable that names the folder of the version which the usual recipe serves."""

_START_SECONDS = 300
_STOP_SECONDS = 20


class Running:
    """A service that answers.

    Parameters
    ----------
    url: without a path.
    process: the one that was started; the workers are its children.
    """

    def __init__(self, url: str, process: psutil.Process) -> None:
        self.url, self.process = url, process

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far."""
        times = (process.cpu_times() for process in self._processes())
        return sum(time.user + time.system for time in times)

    def megabytes(self) -> float:
        """Memory of its processes; what several share counts once (proportional set size)."""
        return sum(p.memory_full_info().pss for p in self._processes()) / 1e6

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def service(
    application: list[str], environment: dict[str, str], workers: int, ready: str, log: Path
) -> Iterator[Running]:
    """Start uvicorn with an application, wait until ``ready`` is answered, and stop it behind."""
    port = _free_port()
    options = [f"--port={port}", f"--workers={workers}", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", *options, *application]
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, env=os.environ | environment, stdout=output, stderr=output
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait(f"{url}{ready}", process, log)
            yield Running(url, psutil.Process(process.pid))
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=_START_SECONDS):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise RuntimeError(f"the service was not ready within {_START_SECONDS} s, see {log}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
