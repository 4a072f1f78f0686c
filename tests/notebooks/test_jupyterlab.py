"""Opening a notebook in a real JupyterLab and saving it changes nothing."""

import json
import shutil
import time

import pytest

from recsys_lib.paths import project_root
from tests.support.chromium import PROGRAM
from tests.support.jupyterlab import browser_page, open_notebook, running_lab

NOTEBOOKS = sorted((project_root() / "notebooks").glob("*.ipynb"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium"),
]


def without_python_version(text):
    """The text of a notebook; JupyterLab writes the version of the kernel's Python into it."""
    notebook = json.loads(text)
    version = notebook["metadata"]["language_info"].pop("version")
    return text.replace(f'"version": "{version}"', '"version": "any"')


def save(page, path):
    """Press Ctrl+S until the file has been written anew."""
    before = path.stat().st_mtime_ns
    deadline = time.monotonic() + 30
    while path.stat().st_mtime_ns == before:
        assert time.monotonic() < deadline, f"JupyterLab did not save {path.name}"
        page.locator(".jp-Notebook .jp-Cell").first.click()
        page.keyboard.press("Control+s")
        time.sleep(1)


def test_open_and_save_changes_nothing(tmp_path):
    for path in NOTEBOOKS:
        shutil.copy2(path, tmp_path / path.name)
    changed = {}
    with running_lab(tmp_path) as lab, browser_page() as page:
        for path in NOTEBOOKS:
            open_notebook(page, lab, path.name)
            save(page, tmp_path / path.name)
            saved, committed = (tmp_path / path.name).read_text(), path.read_text()
            if without_python_version(saved) != without_python_version(committed):
                changed[path.name] = saved
    assert not changed, f"opened and saved in JupyterLab, these differ: {sorted(changed)}"
