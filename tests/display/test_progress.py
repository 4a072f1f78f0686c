"""Progress in a real kernel, in a terminal, and in a log."""

import io
import json

import nbformat
import pytest
from nbclient import NotebookClient
from rich.console import Console

from recsys_lib.display import lines
from recsys_lib.display.lines import EventLog, LogLines, duration
from recsys_lib.display.progress import progress_for
from recsys_lib.display.terminal import console

CODE = """
from recsys_lib.display.progress import progress_for
with progress_for(1000, "iterations") as progress:
    for done in range(1, 41):
        progress.update(done, "loss 0.5 < 1")
"""


def shown_by(code, **options):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, kernel_name="python3", **options).execute()
    (output,) = (o for o in notebook.cells[0].outputs if o.output_type == "display_data")
    return output.data


def test_a_notebook_keeps_the_last_state():
    data = shown_by(CODE)
    assert data["text/plain"].startswith("40 of 1,000 iterations, ")
    assert data["text/plain"].endswith(" s; loss 0.5 < 1")
    assert "loss 0.5 &lt; 1" in data["text/html"]


def test_a_notebook_shows_where_a_task_was_stopped():
    data = shown_by(f"{CODE}        1 / (done - 7)", allow_errors=True)
    assert data["text/plain"].startswith("7 of 1,000 iterations, ")


def test_elsewhere_a_short_task_is_one_line(capsys):
    with progress_for(2, "texts", name="encoding") as progress:
        progress.update(1)
        progress.update(2, "1 from the cache")
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("encoding: 2 of 2 texts, ")
    assert line.endswith("; 1 from the cache")


def test_a_total_may_become_known_later():
    said = []
    progress = LogLines(said.append, period=0)
    progress.start(None, "MB")
    progress.update(1)
    progress.update(2, total=40)
    progress.finish("whole")
    assert [line.split(",")[0] for line in said] == ["1 MB", "2 of 40 MB", "2 of 40 MB"]
    assert said[1].endswith(" left")
    assert said[2].endswith("; whole")


def test_the_estimate_is_the_time_for_the_rest(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(lines.time, "monotonic", lambda: now[0])
    said = []
    progress = LogLines(said.append, period=5)
    progress.start(100, "users")
    for done in range(10, 50, 10):
        now[0] += 2
        progress.update(done)
    assert said == ["30 of 100 users, about 14 s left"]


def test_a_terminal_keeps_a_line_and_no_bar():
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100, color_system=None)
    with progress_for(3, "users", name="lists [all]", console=terminal) as progress:
        progress.update(3)
    last = screen.getvalue().splitlines()[-1]
    assert "lists [all]: 3 of 3 users, " in last


def test_a_quiet_console_shows_nothing(capsys):
    with progress_for(3, "users", console=console(quiet=True)) as progress:
        progress.update(3)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (42.4, "42 s"), (99, "99 s"), (125, "2 min 05 s")],
)
def test_durations_are_short_words(seconds, words):
    assert duration(seconds) == words


def test_events_are_json_lines_from_when_there_is_a_file(tmp_path):
    log = EventLog()
    log.write("too early")
    log.path = tmp_path / "log.jsonl"
    log.write("step done", step="étape", seconds=1.5)
    (line,) = log.path.read_text(encoding="utf-8").splitlines()
    event = json.loads(line)
    assert event.pop("time").endswith("Z")
    assert event == {"event": "step done", "step": "étape", "seconds": 1.5}
