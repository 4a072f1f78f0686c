"""The largest memory of this process, of which the system could take back the mapped files."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY = 0.05  # seconds
_STATUS = re.compile(r"^(RssAnon|RssFile|VmRSS):\s+(\d+) kB", re.MULTILINE)


class Peaks:
    """Prints seconds, CPU time and peak memory of stages of a benchmark (Linux)."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Watch a block from another thread, and print a line at its end."""
        stop, peak = threading.Event(), dict.fromkeys(("VmRSS", "RssAnon", "RssFile"), 0)

        def watch() -> None:
            while not stop.wait(_EVERY):
                for key, value in _STATUS.findall(Path("/proc/self/status").read_text()):
                    peak[key] = max(peak[key], int(value))

        watcher = threading.Thread(target=watch, daemon=True)
        started, used = time.perf_counter(), time.process_time()
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()
        print(
            f"{name:<42} {time.perf_counter() - started:7.1f} s  "
            f"(CPU {time.process_time() - used:7.1f} s)   peak {peak['VmRSS'] / 1e6:5.2f} GB, "
            f"anonymous {peak['RssAnon'] / 1e6:5.2f}, mapped files {peak['RssFile'] / 1e6:5.2f}",
            flush=True,
        )
