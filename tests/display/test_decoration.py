"""A plot or an example that cannot be made is a warning, in its place and in the record."""

import nbformat
import polars as pl

from recsys_lib.display.decoration import WARNING, NotShown, drawn
from recsys_lib.display.plotting import figure
from recsys_lib.display.tables import show
from recsys_lib.pipeline.execution._warnings import warnings_in


def bad_plot():
    raise ZeroDivisionError("division by zero")


def test_what_works_is_shown_as_it_is():
    plot, _ = figure("Fine")
    assert drawn(lambda: plot) is plot
    assert plot._repr_png_()[0].startswith(b"\x89PNG")
    table = drawn(pl.DataFrame, {"a": [1]})
    assert repr(show(table)) == "1"


def test_the_reason_stands_in_its_place():
    shown = drawn(bad_plot)
    assert isinstance(shown, NotShown)
    assert show(shown, share="{:.1%}") is shown
    bundle = shown._repr_mimebundle_()
    says = "bad plot could not be shown: ZeroDivisionError: division by zero"
    assert bundle["text/plain"] == f"Warning: {says}"
    assert bundle[WARNING] == {"warning": says}
    assert "<script" not in NotShown("<script>", "x")._repr_mimebundle_()["text/html"]


def test_an_error_that_comes_up_only_when_matplotlib_draws():
    plot, axes = figure("Broken")
    axes.set_title(r"$\frac{$")
    assert "could not be shown: ValueError" in str(drawn(lambda: plot))


def test_warnings_of_an_executed_notebook(tmp_path):
    outputs = [
        nbformat.v4.new_output("display_data", drawn(bad_plot)._repr_mimebundle_()),
        nbformat.v4.new_output("stream", text="something else"),
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", outputs=outputs)])
    nbformat.write(book, tmp_path / "01_etl.ipynb")
    assert warnings_in(tmp_path / "01_etl.ipynb") == [
        "01_etl: bad plot could not be shown: ZeroDivisionError: division by zero"
    ]
    assert warnings_in(tmp_path / "missing.ipynb") == []
