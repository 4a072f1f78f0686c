"""What is left on the screen of a terminal when steps end while others go on."""

import io
import re
import sys
import threading
import time

import pytest
from rich.console import Console

from recsys_lib.pipeline.execution import progress
from recsys_lib.pipeline.execution.progress import RunProgress

WIDTH = 80
CODES = re.compile(r"\x1b\[(\?25|\d*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Screen(io.StringIO):
    """A terminal that knows what rich writes: new lines, the way up, and wiping out a line."""

    def isatty(self):
        return True

    def lines(self):
        lines, row, column = [""], 0, 0
        for number, code, move, text in CODES.findall(self.getvalue()):
            if code == "A":
                row = max(0, row - int(number or 1))
            elif code == "K":
                lines[row] = ""
            elif move == "\r":
                column = 0
            elif move == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif text:
                lines[row] = (
                    lines[row].ljust(column)[:column] + text + lines[row][column:][len(text) :]
                )
                column += len(text)
        return [line.rstrip() for line in lines if line.strip()]


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    console = Console(file=screen, force_terminal=True, width=WIDTH, height=50, color_system=None)
    monkeypatch.setattr(progress, "console", lambda quiet: console)
    return screen


@pytest.fixture
def hasty_threads():
    """Threads that take turns so often that one is caught in the middle of anything."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_every_step_that_is_done_stays_on_the_screen(screen, hasty_threads):
    told = RunProgress()

    def work(worker):
        for number in range(20):
            name = f"{worker}.{number}"
            told.step_started(name, "first run")
            told.cell_started(name, 1, 2)
            time.sleep(0.02)
            told.step_done(name, 1.5, 100)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    done = [line.split()[:2] for line in screen.lines()]
    assert sorted(done) == sorted([f"{w}.{n}", "done"] for w in range(4) for n in range(20))


def test_bars_are_below_what_is_done(screen):
    told = RunProgress()
    told.step_started("als", "first run")
    told.step_started("embed", "first run")
    told.cell_started("embed", 3, 19)
    told.step_done("als", 7.1, 384)
    told.note("half of it")
    done, note, bar = screen.lines()
    assert (done, note) == ("als        done       7.1 s      384 MB", "half of it")
    assert bar.startswith("embed")
    assert "cell 3 of 19" in bar
    told.step_done("embed", 34.0, 917)
    assert screen.lines()[2:] == ["embed      done      34.0 s      917 MB"]
