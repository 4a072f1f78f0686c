"""The report shows everything, loads nothing and runs nothing."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from recsys_lib.files import write_json
from recsys_lib.pipeline.report import write_report
from recsys_lib.pipeline.report.headline import headline_cards, human
from recsys_lib.pipeline.report.story import clean

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)><b onclick='x()'>Belt</b>"
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)


def step(name, notebook, **more):
    return {
        "name": name,
        "notebook": notebook,
        "status": "executed",
        "reason": "",
        "started_at": "2026-01-01T00:00:01.000Z",
        "seconds": 4.0,
        "startup_seconds": 1.0,
        "peak_memory_mb": 100.0,
        "outputs": [{"path": "/x/a.db", "sha256": "ab" * 32, "bytes": 1234}],
        "metrics": {},
        **more,
    }


def record(**more):
    return {
        "run_id": "r1",
        "status": "succeeded",
        "started_at": "2026-01-01T00:00:00.000Z",
        "finished_at": "2026-01-01T00:00:10.000Z",
        "dataset": "shop",
        "parameters": {"dataset": "shop", "als": {"factors": 64, "alpha": 10.0}},
        "changed_parameters": ["als.factors"],
        "git": {"commit": "c" * 40, "dirty": False},
        "environment": {"python": "3.11", "packages": {"numpy": "2.0"}},
        "steps": [step("etl", "01_etl.ipynb")],
        "metrics": {"als.ndcg@10": 0.2, "popular.ndcg@10": 0.05, "etl.kept": 12345},
        **more,
    }


def output(**data):
    return nbformat.v4.new_output("display_data", data=data)


def notebook(*outputs):
    v4 = nbformat.v4
    code = v4.new_code_cell("secret_looking_code = 1", outputs=list(outputs))
    return v4.new_notebook(cells=[v4.new_markdown_cell("# Load\nIt is *fine*."), code])


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
    assert soup.find("a", href="01_etl.html")


def test_tables_keep_their_alignment(page):
    table = '<table><tr><td class="number" style="text-align: right">7</td></tr></table>'
    soup = page(record(), **{"01_etl": notebook(output(**{"text/html": table}))})
    assert "text-align: right" in soup.find("td", string="7")["style"]


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
    assert "Belt" in soup.text


def test_metrics_are_compared_with_the_baseline_and_the_run_before():
    metrics = {"als.ndcg@10": 0.2, "als.ndcg@10.ci95": 0.01, "popular.ndcg@10": 0.05}
    (card,) = headline_cards(metrics, {"als.ndcg@10": 0.16})
    assert card.value == "0.2"
    assert card.note == "± 0.01, 4.0 times most-popular"
    assert card.change == "+25.0% since the run before"
    assert headline_cards(metrics, metrics)[0].change == "as before"
    assert headline_cards(metrics, {})[0].change == ""


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
    assert "E: v" in soup.find(id="etl").text


def test_changed_parameters_are_marked_and_files_listed(page):
    soup = page(record(), **{"01_etl": notebook()})
    (changed,) = soup.find_all("tr", class_="changed")
    assert "als.factors" in changed.text
    assert "/x/a.db" in soup.text


def test_bad_input_is_a_warning(page):
    run = record(metrics={"etl.rejected": 30}, git={"commit": "c" * 40, "dirty": True})
    warnings = page(run, **{"01_etl": notebook()}).find(class_="warnings").text
    assert "30 lines" in warnings
    assert "not committed" in warnings


def test_outside_of_git(page):
    soup = page(record(git={"commit": None, "dirty": None}), **{"01_etl": notebook()})
    assert "commit" not in soup.header.text


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (12345.0, "12,345"), (0.19512, "0.1951"), (123456.7, "123,457")]
)
def test_numbers_for_people(value, text):
    assert human(value) == text


def test_clean_keeps_entities():
    assert clean("<p>Belt &amp; Roller &lt;new&gt;</p>") == "<p>Belt &amp; Roller &lt;new&gt;</p>"
