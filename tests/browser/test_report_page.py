"""The report in a real browser, where it is hard: hostile texts, a failure, paper, a phone."""

import nbformat
import pytest

from recsys_lib.files import write_json
from recsys_lib.pipeline.report import write_report
from tests.support.chromium import FLAGS, PROGRAM

HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    "<img src='http://127.0.0.1:9/x.png' alt='A belt'><style>body { display: none }</style>"
    "<meta http-equiv='refresh' content='0; url=http://127.0.0.1:9/'>"
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium"),
]


def step(name, status, **more):
    return {
        "name": name,
        "notebook": f"{name}.ipynb",
        "status": status,
        "reason": HOSTILE,
        "started_at": "2026-01-01T00:00:01.000Z",
        "seconds": 4.0,
        "startup_seconds": 1.0,
        "peak_memory_mb": 100.0,
        "outputs": [{"path": "/x/" * 60, "sha256": "ab" * 32, "bytes": 1234}],
        **more,
    }


def story():
    """A notebook with hostile text, 40 paragraphs, and a traceback at its end."""
    v4 = nbformat.v4
    shown = v4.new_output("display_data", data={"text/html": HOSTILE + "<p>" + "wide" * 100})
    error = v4.new_output("error", ename="E", evalue="v", traceback=["E: what went wrong"])
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# Train\n" + "\n\n".join(["Prose."] * 40) + HOSTILE),
            v4.new_code_cell("show()", outputs=[shown]),
            v4.new_code_cell("fail()", outputs=[error]),
        ]
    )


@pytest.fixture
def report(tmp_path):
    """The report of a failed run, full of hostile texts."""
    run = {
        "run_id": HOSTILE,
        "status": "failed",
        "started_at": "2026-01-01T00:00:00.000Z",
        "finished_at": "2026-01-01T00:00:10.000Z",
        "dataset": HOSTILE,
        "parameters": {"dataset": HOSTILE, "als": {"factors": 64, "path": "/long" * 500}},
        "changed_parameters": ["als.path"],
        "git": {"commit": "c" * 40, "dirty": True},
        "environment": {"python": "3.11", "packages": {HOSTILE: HOSTILE}},
        "steps": [step("als", "failed"), step("evaluate", "skipped", started_at=None, seconds=0)],
        "metrics": {HOSTILE: 1, "etl.kept": 12345, "etl.users": 99},
    }
    write_json(tmp_path / "run.json", run)
    for name in ("als", "evaluate"):
        nbformat.write(story(), tmp_path / f"{name}.ipynb")
    return write_report(tmp_path)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Open a file at a width; the page, and all that it asked for or complained about."""

    def at(path, width):
        page, events = browser.new_page(viewport={"width": width, "height": 800}), []
        page.on("console", lambda message: events.append(message.text))
        page.on("request", lambda request: events.append(request.url))
        page.goto(path.as_uri())
        events.remove(path.as_uri())
        return page, events

    return at


@pytest.mark.parametrize("name", ["report.html", "als.html"])
def test_hostile_texts_do_nothing(report, open_page, name):
    page, events = open_page(report.with_name(name), 1280)
    page.wait_for_timeout(200)
    assert events == []
    assert page.title() != "owned"
    for chapter in page.locator(".folded > summary").all():
        chapter.click()
    assert page.get_by_text("A belt", exact=True).last.is_visible()


@pytest.mark.parametrize(("media", "width"), [("screen", 390), ("screen", 1280), ("print", 680)])
def test_everything_fits(report, open_page, media, width):
    page, _ = open_page(report, width)
    page.emulate_media(media=media)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_timeline_is_seen_on_a_phone(report, open_page):
    page, _ = open_page(report, 390)
    box = page.locator(".bar.failed").bounding_box()
    track = page.locator(".track").bounding_box()
    assert box["x"] + box["width"] <= 390
    assert box["width"] / track["width"] == pytest.approx(0.3, abs=0.01)


def test_the_link_of_a_failure_brings_its_traceback_into_view(report, open_page):
    page, _ = open_page(report, 1280)
    traceback = page.locator("#als").get_by_text("E: what went wrong")
    assert traceback.bounding_box()["y"] > 800
    page.get_by_role("link", name="Show the error").click()
    assert 0 < traceback.bounding_box()["y"] < 800


def test_the_contents_stay_in_view(report, open_page):
    page, _ = open_page(report, 1280)
    page.get_by_role("navigation").get_by_role("link", name="Train").first.click()
    assert page.evaluate("scrollY") > 300
    assert page.get_by_role("navigation").bounding_box()["y"] == pytest.approx(0, abs=1)
    assert page.get_by_role("heading", name="Train").first.bounding_box()["y"] > 40
