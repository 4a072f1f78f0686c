"""The explorer in a real JupyterLab, clicked by a real browser."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.support.chromium import PROGRAM
from tests.support.jupyterlab import browser_page, open_notebook, run_all_cells, running_lab

ROOT = Path(__file__).parents[2]
CODE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.support.fake_recommender import FakeRecommender
from recsys_lib.widgets import Explorer
Explorer(FakeRecommender())
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium"),
]


@pytest.fixture
def page(tmp_path):
    """The explorer's tabs, on the screen."""
    cells = [nbformat.v4.new_code_cell(CODE)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "x.ipynb")
    with running_lab(tmp_path) as lab, browser_page() as page:
        open_notebook(page, lab, "x.ipynb")
        run_all_cells(page)
        page.locator(".widget-tab").wait_for(timeout=60_000)
        yield page


def test_search_then_go_on_to_similar_items(page):
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.locator(".lm-TabBar-tab", has_text="Search").click()
    box = page.locator("input[placeholder^='what you are looking for']")
    box.fill("<img src=x onerror=alert(3)>")
    box.press("Enter")
    page.get_by_text("Found for “<img src=x onerror=alert(3)>”").wait_for()
    page.locator("button:visible", has_text="Similar items").click()
    page.get_by_text("Similar to <script>alert(1)</script>").wait_for()
    page.locator("input[placeholder='id of a product']").fill("nowhere")
    page.keyboard.press("Enter")
    page.locator("[role=alert]", has_text="UnknownItemError").wait_for()
    assert dialogs == [], "a text of the catalogue ran as a script"
