"""The process of a kernel: this Python and this checkout, whatever the user's own settings are.

Kernel specifications and IPython profiles of the user, the working folder and $PYTHONPATH would
otherwise decide which Python and which ``recsys_lib`` run, while those of this process are
fingerprinted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from recsys_lib.files import read_json
from recsys_lib.processors import processors

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
_REPORT_VARIABLE = "RECSYS_KERNEL_REPORT"
_STARTUP = f"""
def report():
    import importlib.util, json, os, sys
    library = importlib.util.find_spec("recsys_lib")
    facts = {{"python": sys.executable, "library": library and library.origin}}
    with open(os.environ.pop({_REPORT_VARIABLE!r}), "w") as file:
        json.dump(facts, file)
report()
del report
"""


class KernelManager(AsyncKernelManager):
    """Starts kernels in the Python of this process, not in one that a specification names."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """``python -m ipykernel_launcher``."""
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=launch, display_name="Python 3", language="python")


@dataclass(frozen=True)
class KernelProcess:
    """Where and with what a kernel is started.

    Parameters
    ----------
    folder: temporary; holds the kernel's connection file and its IPython profile.
    project: the checkout whose ``recsys_lib`` it must import.
    threads: how many cores it may use.
    """

    folder: Path
    project: Path
    threads: int

    @classmethod
    @contextmanager
    def prepared(cls, project: Path, threads: int) -> Iterator[KernelProcess]:
        """Make the temporary folder, and remove it at the end."""
        with TemporaryDirectory(prefix="recsys-kernel-", ignore_cleanup_errors=True) as name:
            startup = Path(name, "profile_default", "startup")
            startup.mkdir(parents=True)
            (startup / "00-report.py").write_text(_STARTUP, encoding="utf-8")
            yield cls(Path(name), project, threads or processors())

    @property
    def connection_file(self) -> str:
        """Where the kernel's ports are written; the user's folder may not be writable."""
        return str(self.folder / "connection.json")

    def options(self) -> dict[str, Any]:
        """The working folder and the environment of the process."""
        paths = [str(self.project), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {
            **os.environ,
            **dict.fromkeys(_THREAD_VARIABLES, str(self.threads)),
            "PYTHONPATH": os.pathsep.join(paths),
            "IPYTHONDIR": str(self.folder),
            _REPORT_VARIABLE: str(self._report),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        return {"cwd": str(self.project), "env": environment}

    def check(self) -> None:
        """Compare what the started kernel reports with this process; RuntimeError if it differs."""
        if not self._report.is_file():
            raise RuntimeError("the kernel did not report which Python it runs")
        facts = read_json(self._report)
        if facts["python"] != sys.executable:
            raise RuntimeError(f"the kernel runs {facts['python']}, not {sys.executable}")
        expected = self.project / "recsys_lib" / "__init__.py"
        found = Path(facts["library"] or "nowhere")
        if not found.is_file() or not found.samefile(expected):
            raise RuntimeError(
                f"the kernel imports recsys_lib from {found}, not from {expected}: its results "
                "would be recorded under the wrong code"
            )

    @property
    def _report(self) -> Path:
        return self.folder / "report.json"
