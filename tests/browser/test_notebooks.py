"""Every notebook but the explorer's, opened and run in a real JupyterLab as a person does.

They share one workspace, which the first of them fill as they run. Pictures of all notebooks are
kept in the temporary folder of the test, to be looked at.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image

from recsys_lib.paths import project_root
from tests.support.chromium import PROGRAM
from tests.support.jupyterlab import browser_page, open_notebook, run_all_cells, running_lab
from tests.support.small_notebooks import with_small_values, write_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium"),
]
_PATIENCE = 120_000  # milliseconds
_STEPS = ["01_etl", "02_train_als", "03_embed_index", "04_evaluate"]
_VERDICT = r"\S+: (fine|look at this|retrain|roll back)"
_SETTINGS = {
    "apputils-extension/themes": {"theme": "JupyterLab Dark"},
    # All cells are in the page, also those that are not in view.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab, dark, on the notebooks with small values; yields its address and folder."""
    root = tmp_path_factory.mktemp("notebooks")
    folder = root / "notebooks"
    folder.mkdir()
    for path in (project_root() / "notebooks").glob("*.ipynb"):
        (folder / path.name).write_text(small(path.read_text()))
    for name, settings in _SETTINGS.items():
        user_settings = folder / ".jupyter" / "JUPYTER_CONFIG_DIR" / "lab" / "user-settings"
        file = user_settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(settings))
    write_run(root, "alone", factors=16, day=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECSYS_HOME", str(root))
        patch.setenv("PYTHONPATH", str(project_root()))
        with running_lab(folder) as address:
            yield address, folder
    if kept := os.environ.get("RECSYS_SCREENSHOTS"):
        shutil.copytree(root / "screens", kept, dirs_exist_ok=True)


def small(text):
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = with_small_values("".join(cell["source"]))
    return json.dumps(notebook)


@pytest.fixture(scope="module")
def page(lab):
    """A browser in which every remote picture is a large red square."""
    square = BytesIO()
    Image.new("RGB", (500, 500), "red").save(square, "PNG")
    with browser_page() as page:
        page.route(
            lambda url: not url.startswith(lab[0]) and url.startswith("http"),
            lambda route: route.fulfill(body=square.getvalue(), content_type="image/png"),
        )
        yield page


@pytest.fixture(scope="module")
def run(lab, page):
    """Open a notebook, run all its cells and save it; what a person sees is then in the page."""
    address, _ = lab

    def run(name):
        open_notebook(page, address, f"{name}.ipynb")
        assert page.locator(".jp-mod-dirty").count() == 0, "opening it changed it"
        run_all_cells(page)
        page.wait_for_function(_FINISHED, timeout=_PATIENCE)
        assert page.evaluate(_ERRORS) == []
        page.keyboard.press("Control+s")
        page.wait_for_function("!document.querySelector('.jp-mod-dirty')")

    return run


@pytest.fixture(scope="module")
def look(lab, page):
    return lambda name: look_at(page, lab[1], name)


def look_at(page, folder, name):
    """Keep a picture of the whole notebook, and see what is wrong on it."""
    screens = folder.parent / "screens"
    screens.mkdir(exist_ok=True)
    page.set_viewport_size({"width": 1280, "height": page.evaluate(_HEIGHT)})
    page.wait_for_function("[...document.images].every(picture => picture.complete)")
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    page.evaluate(_DRAWN)
    page.screenshot(path=screens / f"{name}.png")
    page.set_viewport_size({"width": 1280, "height": 1000})
    assert page.evaluate(_WRONG_PICTURES) == []
    assert page.evaluate(_EMPTY_TABLES) == 0, "a table without rows does not say why"
    assert page.evaluate(_FAINT) == [], "hard to read in the dark"


_OUTPUTS = ".jp-Notebook .jp-OutputArea-output"
# A cell that waits has a star for its number; after an error the others have none.
_FINISHED = """() => document.querySelector(
    '.jp-Notebook [data-mime-type$=stderr], .jp-Notebook [data-mime-type$=error]')
  || [...document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-InputPrompt')]
    .every(prompt => /[0-9]/.test(prompt.innerText))"""
_ERRORS = f"""() => [...document.querySelectorAll('{_OUTPUTS}')]
  .filter(e => /(error|stderr)$/.test(e.dataset.mimeType || '')
    || e.querySelector('[data-mime-type$=error], [data-mime-type$=stderr]')
    || e.innerText.includes('could not be shown'))
  .map(e => e.innerText.slice(0, 2000))"""
_DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_HEIGHT = """() => Math.min(
  200 + document.querySelector('.jp-WindowedPanel-outer').scrollHeight, 16000)"""
# Plots are at most as wide as the cell; pictures of products have the size that they name.
_WRONG_PICTURES = f"""() => [...document.querySelectorAll('{_OUTPUTS} img')]
  .filter(e => e.closest('td') ? e.offsetWidth !== 32 || e.offsetHeight !== 32
    : e.naturalWidth === 0 || e.offsetWidth < 300)
  .map(e => e.outerHTML.slice(0, 200))"""
_EMPTY_TABLES = f"""() => [...document.querySelectorAll('{_OUTPUTS} table')]
  .filter(e => !e.querySelector('td')).length"""
# Light grey on nearly black has a contrast of far more than 4.5, the least for texts (WCAG AA).
_FAINT = f"""() => {{
  const parts = color => color.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = element => {{
    for (let e = element; e; e = e.parentElement) {{
      const color = parts(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0.5) return color;
    }}
    return [255, 255, 255];
  }};
  const contrast = e => {{
    const both = [light(parts(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a);
    return (both[0] + 0.05) / (both[1] + 0.05);
  }};
  return [...document.querySelectorAll('{_OUTPUTS} *')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .filter(e => e.offsetParent && contrast(e) < 4.5)
    .map(e => e.outerHTML.slice(0, 200));
}}"""


def test_the_steps_in_their_order(run, look, page):
    for name in _STEPS:
        run(name)
        look(name)
        if name == "01_etl":
            # The sample has broken lines, of which the report warns.
            assert page.locator(_OUTPUTS, has_text="lines of the input were rejected").count() == 1
            assert page.locator(_OUTPUTS, has_text="stands out").count() == 0
    plots = page.locator(f"{_OUTPUTS} img:not(td img)")
    assert plots.count() >= 3
    assert page.locator(f"{_OUTPUTS} td img").count() > 10
    for sentence in ("There are no judged queries.", "No back-test: split is not rolling."):
        assert page.locator(_OUTPUTS, has_text=sentence).count() == 1


def test_a_plot_has_a_light_ground_of_its_own(run, look, page):
    """Its ink is dark, so that it can be read on a dark page, too."""
    run("tune_als")
    look("tune_als")
    source = page.locator(f"{_OUTPUTS} img").first.get_attribute("src")
    picture = Image.open(BytesIO(b64decode(source.partition(",")[2])))
    assert picture.convert("RGBA").getpixel((2, 2)) == (255, 255, 255, 255)


def test_the_monitor_says_what_there_is_nothing_of(run, look, page):
    """No list was served here: a sentence says so, and all else is there."""
    run("05_monitor")
    look("05_monitor")
    assert page.locator(_OUTPUTS, has_text="No list was logged").count() >= 1
    assert page.locator(_OUTPUTS, has_text=re.compile(f"^{_VERDICT}")).count() >= 1


def test_a_run_that_is_alone_is_compared_with_nothing(run, look, page):
    run("compare_runs")
    look("compare_runs")
    for sentence in ("There is only one run, alone, and nothing", "No parameter differs."):
        assert page.locator(_OUTPUTS, has_text=sentence).count() == 1


def test_the_explorer_of_a_version_that_is_not_served(run, page):
    """Here it only opens; test_explorer.py uses it as a person does."""
    run("explorer")
    page.locator(".rx-explorer .rx-card").first.wait_for()
