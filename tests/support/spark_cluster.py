"""A real standalone cluster on loopback: one master, workers of one core each."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

_HERE = "127.0.0.1"
_SECONDS = 60.0
_MEMORY = "1g"


def _free_port() -> int:
    with socket.socket() as place:
        place.bind((_HERE, 0))
        return int(place.getsockname()[1])


@dataclass
class SparkCluster:
    """The processes of a cluster, whose logs are in ``folder``."""

    folder: Path
    port: int = field(default_factory=_free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def master(self) -> str:
        return f"spark://{_HERE}:{self.port}"

    def start(self, workers: int) -> None:
        self._run("master", "Master", "--port", str(self.port))
        _wait_until(self._answers, "the master")
        for number in range(workers):
            self.add_worker(f"worker-{number}")

    def add_worker(self, name: str) -> None:
        work = self.folder / name
        options = ("--cores", "1", "--memory", _MEMORY, "--work-dir", str(work))
        self._run(name, "Worker", self.master, *options)
        _wait_until(lambda: b"registered with master" in self._log(name).read_bytes(), name)

    def kill(self, name: str) -> None:
        """Kill -9 a worker and the executors that it has started."""
        os.killpg(self.processes.pop(name).pid, signal.SIGKILL)

    def stop(self) -> None:
        for process in self.processes.values():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _run(self, name: str, kind: str, *arguments: str) -> None:
        program = Path(pyspark.__file__).parent / "bin" / "spark-class"
        main = f"org.apache.spark.deploy.{kind.lower()}.{kind}"
        command = [str(program), main, "--host", _HERE, "--webui-port", "0", *arguments]
        with self._log(name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _answers(self) -> bool:
        with socket.socket() as place:
            return place.connect_ex((_HERE, self.port)) == 0


@contextmanager
def running_cluster(folder: Path, workers: int = 2) -> Iterator[SparkCluster]:
    """A cluster for the time of a block."""
    cluster = SparkCluster(folder)
    try:
        cluster.start(workers)
        yield cluster
    finally:
        cluster.stop()


def _wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not start"
        time.sleep(0.1)
