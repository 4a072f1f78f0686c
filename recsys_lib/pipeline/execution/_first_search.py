"""Search within a minute: a version with static vectors, served until the run has its own.

``python -m recsys_lib.pipeline.execution._first_search`` builds it, in a process beside the steps.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from recsys_lib import registry
from recsys_lib.parameters import EmbedParameters
from recsys_lib.paths import Dataset, outputs_root, project_root
from recsys_lib.pipeline.cache.plan import known_counts
from recsys_lib.pipeline.settings import Settings
from recsys_lib.pipeline.steps import Step
from recsys_lib.registry import EVALUATION, FIRST_SEARCH, SEARCH_PART

_MODULE = "recsys_lib.pipeline.execution._first_search"
_STATIC = "static"
_FEWEST_PRODUCTS = 5_000
"""The vectors of fewer are there within a minute."""
_MOST_PRODUCTS = 500_000
"""More need gigabytes, which the steps of the run need at the same time."""


class FirstSearch:
    """The first version of a dataset that nothing is served of yet.

    Parameters
    ----------
    settings: of the run.
    run_id: names the version, with an ending.
    tell: takes a sentence for the user, from another thread.
    """

    def __init__(self, settings: Settings, run_id: str, tell: Callable[[str], None]) -> None:
        self._settings, self._tell = settings, tell
        self.version = run_id + FIRST_SEARCH
        self._process: subprocess.Popen[str] | None = None
        self._teller: threading.Thread | None = None

    def start(self, chosen: Sequence[Step]) -> None:
        """Start it where it helps: nothing is served yet, and encoding will take a while.

        A run that evaluates nothing will not be served either, so it gets no first search.
        """
        dataset, parameters = self._settings.dataset, self._settings.embed
        evaluates = any(EVALUATION in step.version_folders for step in chosen)
        products = known_counts(dataset).get("products", 0)
        helps = _FEWEST_PRODUCTS <= products <= _MOST_PRODUCTS
        taken = (outputs_root(dataset.root) / self.version).exists()  # a run has this name
        if not helps or taken or not evaluates or parameters.backend == _STATIC:
            return
        if registry.champion(dataset):
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", _MODULE],
            cwd=project_root(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the run, which ends this process itself
        )
        task = {
            "dataset": dataset.argument,
            "root": str(dataset.root),
            "version": self.version,
            "parameters": parameters.model_dump(mode="json"),
            "run": os.getpid(),
        }
        self._teller = threading.Thread(target=self._wait, args=(json.dumps(task),), daemon=True)
        self._teller.start()

    def stop(self) -> None:
        """End the process, and remove what it has not published."""
        process, self._process = self._process, None
        if process is None or self._teller is None:
            return
        process.kill()
        self._teller.join()
        dataset = self._settings.dataset
        served = registry.champion(dataset)
        if served is None or served.name != self.version:
            shutil.rmtree(dataset.version(self.version), ignore_errors=True)

    def _wait(self, task: str) -> None:
        process, began = self._process, time.perf_counter()
        assert process is not None
        _, problem = process.communicate(task)
        seconds = time.perf_counter() - began
        served = registry.champion(self._settings.dataset)
        if served is not None and served.name == self.version:
            self._tell(
                f"search answers after {seconds:.0f} s, by static vectors: version "
                f"{self.version}, until this run ends"
            )
        elif process.returncode and self._process is not None:  # not ended by the run
            reason = (problem.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
            self._tell(f"warning: no search before this run ends: {reason}")


def build(
    dataset: Dataset,
    version: str,
    parameters: EmbedParameters,
    is_wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Build a search part with static vectors, and serve the version if it is still wanted."""
    from recsys_lib.data.database import read_products  # noqa: PLC0415  # slow import
    from recsys_lib.data.summary import read_summary  # noqa: PLC0415  # slow import
    from recsys_lib.search import build_search_part  # noqa: PLC0415  # slow import

    static = parameters.model_copy(update={"backend": _STATIC, "precision": "auto"})
    build_search_part(
        read_products(dataset.database),
        static,
        dataset.version(version) / SEARCH_PART,
        read_summary(dataset.processed)["fingerprint"],
        raw=dataset.raw,
    )
    # A person may have promoted another one meanwhile, or somebody killed the run.
    if registry.champion(dataset) is None and is_wanted():
        registry.publish(dataset, version)
    else:
        shutil.rmtree(dataset.version(version))


def main() -> None:
    """Read what to build from standard input, as JSON."""
    task = json.load(sys.stdin)
    dataset = Dataset.find(task["dataset"], Path(task["root"]))
    parameters = EmbedParameters.model_validate(task["parameters"])
    build(dataset, task["version"], parameters, lambda: os.getppid() == task["run"])


if __name__ == "__main__":
    main()
