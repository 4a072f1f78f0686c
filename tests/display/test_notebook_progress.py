"""The line that says how far a long step is, in a real kernel and outside of one."""

import nbformat
from nbclient import NotebookClient

from recsys_lib.display.progress import Progress, _words

CODE = """
import time
from recsys_lib.display.progress import Progress
line = Progress(1000, "iterations")
for done in range(1, 41):
    line.update(done, "<b>")
line.finish(40, "loss 0.5 < 1")
"""


def test_a_notebook_keeps_the_last_state():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.data["text/plain"].startswith("40 of 1,000 iterations, ")
    assert output.data["text/plain"].endswith("; loss 0.5 < 1")
    assert "loss 0.5 &lt; 1" in output.data["text/html"]


def test_outside_of_a_notebook_nothing_is_shown(capsys):
    line = Progress(2, "iterations")
    line.update(1)
    line.finish(2)
    assert capsys.readouterr().out == ""


def test_durations_are_short_words():
    assert [_words(s) for s in (0.04, 9.96, 42.4, 99, 125)] == [
        "0.0 s", "10.0 s", "42 s", "99 s", "2 min 05 s",
    ]  # fmt: skip
