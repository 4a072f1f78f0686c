"""Kernels that end early, take too long or are stopped by a signal."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from recsys_lib.pipeline.execution.progress import RunProgress
from tests.support.bench import statuses


def test_a_kernel_that_ends_well_but_early_is_a_failure(kernel_bench):
    record, code, folder = kernel_bench.run("import sys; sys.exit(0)")
    assert (code, statuses(record)) == (1, ["failed", "skipped"])
    assert "missing or empty" in record["steps"][0]["reason"]
    assert (folder / "01.ipynb").is_file()
    assert (folder / "report.html").is_file()


@pytest.mark.parametrize("timeout", [0.2, 2])
def test_a_step_stops_at_the_timeout_of_the_run(kernel_bench, timeout):
    """The shorter one ends while the kernel is still starting."""
    record, code, _ = kernel_bench.run("import time; time.sleep(60)", timeout=timeout)
    assert (code, statuses(record)) == (1, ["failed", "skipped"])
    assert f"longer than its {timeout} s" in record["steps"][0]["reason"]


@pytest.mark.parametrize("seconds", [0.1, 0.4, 0.8])
def test_a_signal_while_the_kernel_starts_stops_it_too(
    kernel_bench, workspace, monkeypatch, seconds
):
    reached = workspace / "reached"
    kernel_bench.notebook("01", f"import time; time.sleep(60); open({str(reached)!r}, 'w')")
    started = RunProgress.step_started

    def interrupt(self, *facts):
        started(self, *facts)
        threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM)).start()

    monkeypatch.setattr(RunProgress, "step_started", interrupt)
    began = time.monotonic()
    record, code, _ = kernel_bench.run()
    assert time.monotonic() - began < 30
    assert (code, record["status"]) == (130, "interrupted")
    assert statuses(record) == ["failed", "skipped"]
    assert record["steps"][0]["reason"].startswith("interrupted in cell")
    assert record["steps"][1]["reason"] == "the run was interrupted before"
    assert not reached.exists()


@pytest.mark.slow
def test_the_watch_outlives_the_children_of_the_kernel(kernel_bench):
    children = "import subprocess\nfor _ in range(300): subprocess.run(['true'])"
    endless = "import time; time.sleep(60)"
    record, code, _ = kernel_bench.run(children, endless, timeout=6)
    assert code == 1
    assert "longer than its 6 s" in record["steps"][0]["reason"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_stop_the_kernel_and_record_the_interruption(
    kernel_bench, workspace, number, request
):
    # Tests that are started in the background may inherit that SIGINT is ignored.
    before = signal.signal(number, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(number, before))
    pid_file = workspace / "kernel.pid"
    cell = (
        "import os, time; from pathlib import Path\n"
        f"Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )

    def interrupt():
        while not pid_file.exists():
            time.sleep(0.05)
        time.sleep(0.3)
        os.kill(os.getpid(), number)

    threading.Thread(target=interrupt, daemon=True).start()
    record, code, _ = kernel_bench.run(cell)
    assert (code, record["status"]) == (130, "interrupted")
    deadline = time.time() + 10
    while _alive(int(pid_file.read_text())) and time.time() < deadline:
        time.sleep(0.1)
    assert not _alive(int(pid_file.read_text()))


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
