"""The report in a real browser: it fits, hides code, and asks nobody for anything."""

import nbformat
import pytest

from recsys_lib.files import write_json
from recsys_lib.pipeline.report import write_report
from tests.support.chromium import FLAGS, PROGRAM
from tests.support.reports import notebook, output, record

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium"),
]


@pytest.fixture
def open_report(tmp_path):
    """The report at a width: the page, and what went wrong on it."""
    from playwright.sync_api import sync_playwright

    wide = "<table><tr>" + "<td>a_rather_long_value</td>" * 30 + "</tr></table>"
    write_json(tmp_path / "run.json", record(dataset="a-dataset-" * 12))
    nbformat.write(notebook(output(**{"text/html": wide})), tmp_path / "01_etl.ipynb")
    path = write_report(tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)

        def open_at(width):
            page, problems = browser.new_page(viewport={"width": width, "height": 800}), []
            page.on("console", lambda message: problems.append(message.text))
            page.on("request", lambda request: problems.append(request.url))
            page.goto(path.as_uri())
            problems.remove(path.as_uri())
            return page, problems

        yield open_at
        browser.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_loads_nothing(open_report, width):
    page, problems = open_report(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert problems == []


def test_code_is_hidden_and_prose_is_not(open_report):
    page, _ = open_report(1280)
    page.locator("summary", has_text="Load").click()
    assert page.get_by_role("heading", name="Load").is_visible()
    assert page.locator(".input").count() == 1
    assert not page.locator(".input").first.is_visible()


def test_chapters_are_folded_until_somebody_opens_or_prints_them(open_report):
    page, _ = open_report(1280)
    chapter = page.get_by_role("heading", name="Load")
    assert not chapter.is_visible()
    page.get_by_role("navigation").get_by_role("link", name="Load").click()
    assert chapter.is_visible()
    page.reload()
    page.emulate_media(media="print")
    assert chapter.is_visible()
