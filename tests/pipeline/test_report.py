"""The report shows everything, loads nothing and runs nothing."""

import math
import re

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.errors import ArtifactError
from recsys_lib.files import write_json
from recsys_lib.pipeline.report import write_report
from recsys_lib.pipeline.report._headline import headline_cards
from recsys_lib.pipeline.report._notebook_html import clean
from recsys_lib.pipeline.report._numbers import human
from recsys_lib.pipeline.report._timeline import duration
from tests.support.reports import PICTURE, notebook, output, record, step

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)><b onclick='x()'>Belt</b>"
FRAGMENTS = [
    *("<", ">", '"', "'", "/", "=", " ", "x", "&lt;", "&#60;", "<!--", "-->", "]]>", "\x00"),
    *("<script>", "</script>", "<style>", "<svg>", "<math>", "<iframe src=x>", "<textarea>"),
    *("<img src=x ", "onerror=a()", "alt=", "src=data:image/png,x", "<a href=javascript:a()>"),
    *(
        "<table>",
        "<td style=position:fixed>",
        "<noscript>",
        "<template>",
        "<form>",
        "<base href=x>",
    ),
]


@pytest.fixture
def page(tmp_path):
    """Write a run folder and its report; returns the parsed page."""

    def write(run, previous=None, **notebooks):
        write_json(tmp_path / "run.json", run)
        for name, book in notebooks.items():
            nbformat.write(book, tmp_path / f"{name}.ipynb")
        path = write_report(tmp_path, previous=previous)
        return BeautifulSoup(path.read_text(), "html.parser")

    return write


def nothing_active(soup):
    """No scripts, no handlers, nothing loaded from elsewhere."""
    assert not soup.find_all(["script", "iframe", "object", "link", "form"])
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")], tag
        assert tag.name != "img" or tag.get("src", "data:image/").startswith("data:image/"), tag
    assert not re.search(r"url\(|@import", str(soup.style))


def test_prose_outputs_and_pictures_are_there_and_code_is_not(page, tmp_path):
    table = "<table><tr><td style='text-align: right; position: fixed'>59,190</td></tr></table>"
    soup = page(
        record(), **{"01_etl": notebook(output(**{"text/html": table, "image/png": PICTURE}))}
    )
    nothing_active(soup)
    assert soup.find("h1", string="Load")
    assert soup.find("em", string="fine")
    assert soup.find(string="secret_looking_code").find_parent(class_="input")
    assert ".chapter:not(.with-code) .input" in str(soup.style)
    whole = (tmp_path / "01_etl.html").read_text()
    assert "secret_looking_code" in BeautifulSoup(whole, "html.parser").text
    assert "01_etl.html" in soup.find("table", class_="steps").text


def test_tables_keep_their_alignment(page):
    table = '<table><tr><td class="number" style="text-align: right">7</td></tr></table>'
    soup = page(record(), **{"01_etl": notebook(output(**{"text/html": table}))})
    assert "text-align:right" in soup.find("td", string="7")["style"]


def test_pictures_are_inside(page):
    soup = page(record(), **{"01_etl": notebook(output(**{"image/png": PICTURE}))})
    assert soup.find("img")["src"].startswith("data:image/png;base64,")


def test_hostile_text_is_harmless(page, tmp_path):
    run = record(dataset=HOSTILE, run_id=HOSTILE, steps=[step(HOSTILE, "01_etl.ipynb")])
    run["parameters"]["als"]["note"] = HOSTILE
    run["steps"][0]["reason"] = HOSTILE
    remote = '<img src="https://example.org/x.png" alt="belt"><a href="javascript:x()">go</a>'
    outputs = [
        output(**{"text/html": HOSTILE + remote}),
        output(**{"application/javascript": "alert(3)", "text/plain": "plain"}),
        output(**{"image/svg+xml": "<svg onload='alert(4)'/>", "text/plain": "drawing"}),
        output(**{"text/markdown": HOSTILE}),
    ]
    soup = page(run, **{"01_etl": notebook(*outputs)})
    nothing_active(soup)
    nothing_active(BeautifulSoup((tmp_path / "01_etl.html").read_text(), "html.parser"))
    assert not soup.find("a", href=re.compile("javascript"))
    assert soup.find(class_="described", string="belt")
    assert "Belt" in soup.text


def test_metrics_are_compared_with_the_baseline_and_the_run_before():
    metrics = {"als.ndcg@10": 0.2, "als.ndcg@10.ci95": 0.01, "popular.ndcg@10": 0.05}
    (card,) = headline_cards(metrics, {"als.ndcg@10": 0.16})
    assert card.value == "0.2"
    assert card.note == "± 0.01\n4.0 times most popular (0.05)"
    assert card.change == "+25.0% since the previous run"
    assert headline_cards(metrics, metrics)[0].change == "unchanged"
    assert headline_cards(metrics, {"als.ndcg@10": 0.20001})[0].change == "almost unchanged"
    assert headline_cards(metrics, {})[0].change == ""


@pytest.mark.parametrize(
    ("name", "before", "trend"),
    [
        ("als.ndcg@10", 0.16, "better"),
        ("als.ndcg@10", 0.24, "worse"),
        ("als.ndcg@10", 0.195, ""),  # within the interval: it may be chance
        ("als.ndcg@10", None, ""),
        ("etl.kept", 0.1, ""),  # more data is neither good nor bad
    ],
)
def test_a_change_is_judged_where_it_is_beyond_chance(name, before, trend):
    (card,) = headline_cards({name: 0.2, "als.ndcg@10.ci95": 0.01}, {name: before})
    assert card.trend == trend


def test_numbers_that_are_missing_are_left_out():
    metrics = {"als.ndcg@10": math.nan, "als.recall@10": None, "etl.kept": 3, "etl.users": 0}
    cards = headline_cards(metrics, {"etl.kept": math.nan, "etl.users": 5})
    assert [(card.label, card.value, card.change) for card in cards] == [
        ("Ratings", "3", ""),
        ("Users", "0", "-100.0% since the previous run"),
    ]


def test_a_baseline_of_nought_is_not_divided_by():
    (card,) = headline_cards({"als.ndcg@10": 0.2, "popular.ndcg@10": 0.0}, {"als.ndcg@10": 0.0})
    assert (card.note, card.change) == ("", "was 0, now 0.2")


def test_a_failed_run_tells_what_failed_and_shows_the_traceback(page):
    book = notebook(
        nbformat.v4.new_output("error", ename="E", evalue="v", traceback=["\x1b[31mE: v"])
    )
    failed = step("etl", "01_etl.ipynb", status="failed", reason="ValueError: no such thing")
    skipped = step(
        "als", "02.ipynb", status="skipped", reason="step etl did not succeed", started_at=None
    )
    soup = page(record(status="failed", steps=[failed, skipped], metrics={}), **{"01_etl": book})
    assert "ValueError: no such thing" in soup.find(class_="warnings").text
    assert soup.find(class_="status", string="failed")
    assert "step etl did not succeed" in soup.find("table", class_="steps").text
    assert "E: v" in soup.find(id="etl").find(class_="output_error").text
    assert "\x1b" not in str(soup)
    link = soup.find(class_="failures").a["href"]
    assert soup.find(id=link.removeprefix("#")).parent["id"] == "etl"
    assert not soup.find("a", href="02.html")


def test_what_was_said_of_the_files_is_shown(page):
    said = "columns that are not read (etl.columns): <b>stock</b>, remark"
    shown = page(record(steps=[step("etl", "01_etl.ipynb", notes=[said])]))
    assert shown.select_one(".notes li").text == said


def test_a_step_that_failed_before_its_notebook_has_no_link(page):
    failed = step("etl", "01_etl.ipynb", status="failed", reason="line one\nline two")
    failures = page(record(status="failed", steps=[failed])).find(class_="failures")
    assert "line one\nline two" in failures.text
    assert failures.a is None


def papermill_failure():
    """A notebook as papermill leaves it: banners, a failure, and cells that never ran."""
    v4, banner = nbformat.v4, {"tags": ["papermill-error-cell-tag"]}
    raised = v4.new_output("error", ename="E", evalue="v", traceback=["E: v"])
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("An Exception was encountered at In [2]", metadata=banner),
            v4.new_code_cell("1 / 0", outputs=[raised], metadata={"tags": ["raises-exception"]}),
            v4.new_markdown_cell("An error on purpose does not end it"),
            v4.new_markdown_cell("Execution stopped", metadata=banner),
            v4.new_code_cell("1 / 0", outputs=[raised]),
            v4.new_markdown_cell("Never reached"),
        ]
    )


def test_a_failed_notebook_ends_where_it_failed_without_banners(page):
    text = page(record(), **{"01_etl": papermill_failure()}).find(id="etl").text
    assert "on purpose" in text
    assert text.count("E: v") == 2
    for left_out in ("An Exception was encountered", "Execution stopped", "Never reached"):
        assert left_out not in text


def test_widgets_show_their_text_and_not_their_state(page):
    book = notebook(
        output(**{"application/vnd.jupyter.widget-view+json": {"a": 1}, "text/plain": "Slider(3)"})
    )
    book.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": {"s": "SliderModel"}}
    }
    soup = page(record(), **{"01_etl": book})
    nothing_active(soup)
    assert "Slider(3)" in soup.text
    assert "SliderModel" not in str(soup)


def test_pandas_tables_come_without_their_style_sheet(page):
    table = pd.DataFrame({"title": ["<b>Belt</b>"], "price": [5]})._repr_html_()
    soup = page(record(), **{"01_etl": notebook(output(**{"text/html": table}))})
    assert soup.find("td", string="<b>Belt</b>")
    assert "vertical-align" not in soup.find(id="etl").text


def test_a_notebook_that_ran_again_has_a_new_page(page, tmp_path):
    page(record(), **{"01_etl": notebook(output(**{"text/plain": "ran once"}))})
    soup = page(record(), **{"01_etl": notebook(output(**{"text/plain": "ran twice"}))})
    for text in (soup.text, (tmp_path / "01_etl.html").read_text()):
        assert "ran twice" in text
        assert "ran once" not in text


def test_an_unchanged_notebook_is_not_converted_again(page, monkeypatch):
    first = page(record(), **{"01_etl": notebook(output(**{"text/plain": "once"}))})
    monkeypatch.setattr("recsys_lib.pipeline.report._page._converted", lambda notebook: 1 / 0)
    assert page(record()).find(id="etl") == first.find(id="etl")


@pytest.mark.parametrize("name", ["../01_etl.ipynb", "/etc/x.ipynb", "a/b.ipynb", ""])
def test_notebooks_elsewhere_are_refused(page, name):
    with pytest.raises(ArtifactError, match=r"run\.json.*'etl'.*beside the record"):
        page(record(steps=[step("etl", name)]))


def test_the_timeline_is_in_percent_of_the_run(page):
    soup = page(record(), **{"01_etl": notebook()})
    bars = [bar["style"] for bar in soup.find(class_="track").find_all(class_="bar")]
    assert bars == ["left: 10.00%; width: 10.00%", "left: 20.00%; width: 30.00%"]


def test_steps_done_before_a_run_was_resumed_have_no_bar(page):
    soup = page(record(steps=[step("etl", "1.ipynb", started_at="2025-12-31T23:59:00.000Z")]))
    assert not soup.find(class_="bar")
    assert "finished before the run was resumed" in soup.find(class_="steps").text


def test_a_run_that_goes_on_lasts_up_to_its_last_step(page):
    run = record(status="running", finished_at=None)
    assert "00:00 UTC · 5.0 s" in page(run).header.text
    assert "00:00 UTC · 0.0 s" in page(run | {"steps": []}).header.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min 0 s")),
        *((75, "1 min 15 s"), (3599.6, "1 h 0 min"), (7380, "2 h 3 min")),
    ],
)
def test_durations_for_people(seconds, text):
    assert duration(seconds) == text


def test_contents_lead_to_each_notebook_by_its_title(page):
    soup = page(record(), **{"01_etl": notebook()})
    titles = {link["href"]: link.text for link in soup.nav.find_all("a")}
    assert titles["#etl"] == "Load"
    for target in titles:
        assert soup.find(id=target.removeprefix("#"))


def test_nothing_measured_is_no_problem(page):
    soup = page(record(metrics={}), previous=record(metrics={}))
    assert not soup.find(class_="card")


def test_changed_parameters_are_marked_and_files_listed(page):
    soup = page(record(), **{"01_etl": notebook()})
    (changed,) = soup.find_all("tr", class_="changed")
    assert "als.factors" in changed.text
    assert "/x/a.db" in soup.text


def test_bad_input_is_a_warning(page):
    run = record(metrics={"etl.rejected": 30}, git={"commit": "c" * 40, "dirty": True})
    warnings = page(run, **{"01_etl": notebook()}).find(class_="warnings").text
    assert "30 lines" in warnings
    assert "uncommitted" in warnings


def test_what_the_run_noted_is_a_warning(page):
    assert "disk is full" in page(record(warnings=["disk is full"])).find(class_="warnings").text
    assert page(record()).find(class_="warnings") is None


@pytest.mark.parametrize(("als", "is_told"), [(0.04, True), (0.05, True), (0.06, False)])
def test_a_model_no_better_than_popularity_is_a_warning(page, als, is_told):
    soup = page(record(metrics={"als.ndcg@10": als, "popular.ndcg@10": 0.05}))
    assert (soup.find(string=re.compile("no better")) is not None) == is_told


def test_all_metrics_stand_beside_those_of_the_run_before(page):
    soup = page(record(metrics={"a": 0.25, "b": None}), previous=record(metrics={"a": 0.5}))
    rows = [[cell.text for cell in row.find_all("td")] for row in soup.find_all("tr")]
    assert ["a", "0.25", "0.5"] in rows
    assert ["b", "-", "-"] in rows


def test_outside_of_git(page):
    soup = page(record(git={"commit": None, "dirty": None}), **{"01_etl": notebook()})
    assert "commit" not in soup.header.text


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (12345.0, "12,345"), (0.19512, "0.1951"), (123456.7, "123,457")]
)
def test_numbers_for_people(value, text):
    assert human(value) == text


@pytest.mark.parametrize(
    ("alt", "shown"),
    [("A &amp; B", "A & B"), ("&lt;script&gt;x", "<script>x"), ("<b onclick=x>", "<b onclick=x>")],
)
def test_the_description_of_a_picture_is_text(alt, shown):
    soup = BeautifulSoup(clean(f'<img src="https://example.org/x.png" alt="{alt}">'), "html.parser")
    assert [tag.name for tag in soup.find_all(True)] == ["span"]
    assert soup.text == shown


@pytest.mark.parametrize(
    ("target", "stays"),
    [
        *(("https://example.org/", True), ("#part", True), ("explorer.ipynb", False)),
        *(("data:text/html,x", False), ("file:///etc/passwd", False), ("//example.org", False)),
    ],
)
def test_links_lead_to_the_web_or_into_the_page(target, stays):
    link = BeautifulSoup(clean(f'<a href="{target}">go</a>'), "html.parser").a
    assert ("href" in link.attrs) == stays


@pytest.mark.parametrize("kind", ["png", "jpeg", "svg+xml"])
def test_pictures_inside_the_page_stay(kind):
    picture = f'<img src="data:image/{kind};base64,AAAA" alt="x">'
    assert clean(picture) == picture


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
def test_no_arrangement_of_markup_becomes_active(text):
    nothing_active(BeautifulSoup(f"<style></style>{clean(text)}", "html.parser"))


def test_clean_keeps_entities():
    assert clean("<p>Belt &amp; Roller &lt;new&gt;</p>") == "<p>Belt &amp; Roller &lt;new&gt;</p>"
