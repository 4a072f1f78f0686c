import numpy as np
import pandas as pd
import polars as pl
import pytest

from recsys_lib.display.plotting import figure
from recsys_lib.display.tables import show, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (np.int64(1234), "1,234"),
        (0.12345, "0.123"),
        (np.float32(2.5), "2.500"),
        (True, "yes"),
        (None, "-"),
        (float("nan"), "-"),
        ("a title", "a title"),
    ],
)
def test_text_of(value, text):
    assert text_of(value) == text


def test_everything_is_escaped():
    html = show(pl.DataFrame({"<b>": ["<script>x</script>"]}))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;" in html


def test_a_mapping_is_names_beside_values():
    html = show({"users": 20000, "note": "fine"})._repr_html_()
    assert "<thead>" not in html
    assert "20,000" in html
    assert repr(show({"users": 20000})) == "users  20,000"


@pytest.mark.parametrize("frame", [pl.DataFrame, pd.DataFrame])
def test_numbers_stand_right_and_formats_apply(frame):
    html = show(frame({"title": ["Belt"], "share": [0.5]}), share="{:.1%}")._repr_html_()
    assert '<td class="number" style="text-align: right">50.0%</td>' in html
    assert '<td style="text-align: left">Belt</td>' in html


def test_an_empty_table_says_why():
    assert repr(show(pl.DataFrame({"a": []}))) == "There is nothing to show."
    for frame in (pl.DataFrame({"a": []}), pd.DataFrame({"a": []})):
        assert repr(show(frame, if_empty="No item was rated.")) == "No item was rated."


def test_plots_show_themselves():
    plot, _ = figure("title")
    picture, metadata = plot._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert metadata == {"alt": "title"}


def test_sentences_are_paragraphs_and_lists_not_code():
    assert show("a < b")._repr_html_() == "<p>a &lt; b</p>"
    assert show(["one", "two"])._repr_html_() == "<ul><li>one</li><li>two</li></ul>"
    assert repr(show(["one", "two"])) == "one\ntwo"


def test_numbers_beside_texts_stand_left_and_numbers_alone_right():
    mixed = show({"iterations": 22, "stopped because": "the loss settled"})._repr_html_()
    assert "text-align: right" not in mixed
    alone = show({"users": 2000, "filled cells": "0.6%"})._repr_html_()
    assert alone.count("text-align: right") == 2
