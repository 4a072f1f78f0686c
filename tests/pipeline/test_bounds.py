"""What cells print is kept up to a bound, and lines that were rewritten are kept once."""

from types import SimpleNamespace

import pytest

from recsys_lib.pipeline.execution import _bounds
from recsys_lib.pipeline.execution._bounds import OutputBounds, folded


@pytest.fixture
def printed():
    """Print texts one after the other in a cell; returns what is kept."""
    bounds, outputs = OutputBounds(), [SimpleNamespace(output_type="stream", text="")]

    def show(*texts):
        for text in texts:
            message = {"msg_type": "stream", "content": {"name": "stdout", "text": text}}
            if (kept := bounds.message(message, 0, outputs)) is not None:
                outputs[0].text += kept["content"]["text"]
                bounds.fold(outputs)
        return outputs[0].text

    return show


def test_a_cell_that_prints_too_much_is_cut_once(printed):
    kept = printed(*["x" * 1_000_000] * 60)
    assert len(kept) < _bounds.MOST_TEXT + 100
    assert kept.count("the rest is left out") == 1


def test_a_progress_bar_is_one_line(printed):
    steps = (f"\r{number} %" for number in range(100_000))
    assert printed("begin\n", *steps, "\ndone\n").split() == ["begin", "99999", "%", "done"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb\n", "a\nb\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("1\r2\r3\n4\r5", "3\n5"),
        ("1\r2\r", "2\r"),
    ],
)
def test_text_is_as_a_terminal_leaves_it(text, expected):
    assert folded(text) == expected


def test_a_huge_table_is_left_out_with_a_word_about_it(monkeypatch):
    monkeypatch.setattr(_bounds, "MOST_DATA", 100)
    message = {"msg_type": "display_data", "content": {"data": {"text/html": "x" * 101}}}
    shown = OutputBounds().message(message, 0, [])
    assert "101 characters" in shown["content"]["data"]["text/plain"]
