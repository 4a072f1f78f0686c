"""The explorer in a real JupyterLab, clicked by a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")
CODE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.support.fake_recommender import FakeRecommender
from recsys_lib.widgets import Explorer
Explorer(FakeRecommender())
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the program chromium"),
]


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except OSError:
        return False


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab of this test alone, with one notebook."""
    cells = [nbformat.v4.new_code_cell(CODE)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "x.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    options += ["--ServerApp.token=", f"--ServerApp.root_dir={tmp_path}"]
    command = [sys.executable, "-m", "jupyterlab", *options]
    folders = {name: str(tmp_path / name) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    with (tmp_path / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **folders}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{port}/api"):
            assert time.monotonic() < deadline, (tmp_path / "lab.log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/x.ipynb"
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture
def page(lab):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(lab)
        page.locator(".jp-Notebook .jp-CodeCell").wait_for(timeout=60_000)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
        page.add_style_tag(content=".Toastify { display: none }")  # its news can cover a button
        page.get_by_text("Run", exact=True).first.click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.locator(".widget-tab").wait_for(timeout=60_000)
        yield page
        browser.close()


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
