"""Serving tens of millions of users: what a version costs to open, and to answer a random user.

A version of generated users is written to a temporary folder, see _many_users.py; 50 million take
7 GB. It is opened in a process of its own, and by the HTTP service. Cold means that the system
holds no page of what is stored of the users: it is told to give them back before each question.
What is stored of the items was read when the version was opened. Then the same users are asked for
again.

python benchmarks/bench_users.py [USERS]        50,000,000 by default; TMPDIR says where
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from _many_users import VERSION, ManyUsers
from _services import service
from _timing import in_a_process, milliseconds, quantiles

from recsys_lib import Recommender
from recsys_lib.als import is_of_users
from recsys_lib.blend.part import HISTORY_FILES
from recsys_lib.paths import HOME_VARIABLE, Dataset
from recsys_lib.serving.http.server import DATASET_VARIABLE, FEEDBACK_VARIABLE

_NAME, _USERS, _ASKED, _N, _SEED = "many-users", 50_000_000, 300, 10, 5


def main() -> None:
    """Write, open, ask; then remove all of it."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else _USERS
    with tempfile.TemporaryDirectory() as home:
        os.environ[HOME_VARIABLE] = home
        dataset = Dataset.find(_NAME)
        started, used = time.perf_counter(), time.process_time()
        interactions = ManyUsers(users).store(dataset)
        gigabytes = sum(path.stat().st_size for path in _files(dataset)) / 1e9
        print(
            f"{users:,} users, {interactions:,} interactions: {gigabytes:.1f} GB written in "
            f"{time.perf_counter() - started:,.0f} s (CPU {time.process_time() - used:,.0f} s); "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        print(in_a_process(__file__, "ask", _NAME), end="", flush=True)
        _over_http(dataset, Path(home) / "log")


def _ask(dataset: Dataset) -> None:
    """Open the version and ask in process."""
    _make_cold(_files(dataset))
    print(f"  before opening{_memory(psutil.Process())}")
    started, used = time.perf_counter(), time.process_time()
    recommender = Recommender.load(dataset=dataset)
    took, cpu = time.perf_counter() - started, time.process_time() - used
    print(f"  opened in {took:.2f} s (CPU {cpu:.2f} s){_memory(psutil.Process())}")
    asked = _random_users(recommender)
    first = milliseconds(lambda: recommender.recommend(asked[0], _N))
    print(f"  first list, which prepares the sources: {first[0]:.0f} ms")
    recommender.prepare()
    _report(dataset, asked[1:], lambda user: recommender.recommend(user, _N), psutil.Process())


def _over_http(dataset: Dataset, log: Path) -> None:
    asked = _random_users(Recommender.load(dataset=dataset))
    _make_cold(_files(dataset))
    environment = {DATASET_VARIABLE: _NAME, FEEDBACK_VARIABLE: "off"}
    ours = ["--factory", "recsys_lib.serving:app"]
    started = time.perf_counter()
    with service(ours, environment, 1, "/ready", log) as running:
        print(f"  HTTP: ready in {time.perf_counter() - started:.1f} s, process included")

        def ask(user: str) -> None:
            body = json.dumps({"user_id": user, "n": _N}).encode()
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{running.url}/matrix_factor/user", body, headers)
            with urllib.request.urlopen(request, timeout=60) as answer:
                assert len(json.load(answer)["recommendations"]) == _N

        ask(asked[0])
        _report(dataset, asked[1:], ask, running.process)


def _report(
    dataset: Dataset, asked: list[str], ask: Callable[[str], object], process: psutil.Process
) -> None:
    cold = []
    for user in asked:
        _make_cold(_of_users(dataset))
        cold.append(milliseconds(lambda user=user: ask(user)))
    print(f"  cold  {quantiles(cold)}{_memory(process)}")
    warm = [milliseconds(lambda user=user: ask(user)) for user in asked]
    print(f"  warm  {quantiles(warm)}{_memory(process)}")


def _random_users(recommender: Recommender) -> list[str]:
    users = recommender.require_als().users
    return list(users.ids(np.random.default_rng(_SEED).integers(0, len(users), _ASKED)))


def _make_cold(files: list[Path]) -> None:
    """Let the system drop the pages of some files, but for those that a process has in use."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _files(dataset: Dataset) -> list[Path]:
    return [path for path in dataset.version(VERSION).rglob("*") if path.is_file()]


def _of_users(dataset: Dataset) -> list[Path]:
    return [
        path for path in _files(dataset) if path.name in HISTORY_FILES or is_of_users(path.name)
    ]


def _memory(process: psutil.Process) -> str:
    """Resident memory, and what of it are pages of files, which the system can take back."""
    memory = process.memory_info()
    return f"   {memory.rss / 1e6:,.0f} MB, mapped files {memory.shared / 1e6:,.0f} of them"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ask"]:
        _ask(Dataset.find(sys.argv[2]))
    else:
        main()
