"""A real JupyterLab or Voila on loopback, and a real browser that looks at it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recsys_lib.paths import project_root
from tests.support.chromium import FLAGS, PROGRAM

_KERNEL_IDLE = "Python 3 (ipykernel) | Idle"
_PATIENCE = 60  # seconds


@contextmanager
def running_lab(folder: Path) -> Iterator[str]:
    """Serve the notebooks of ``folder``; yield the address."""
    port = _free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.token=", f"--ServerApp.root_dir={folder}"),
    ]
    with _serving(folder, command, port, "api") as address:
        yield address


@contextmanager
def running_voila(notebook: Path) -> Iterator[str]:
    """Serve a notebook as ``make app`` does; yield the address."""
    port = _free_port()
    command = [
        *(sys.executable, "-m", "voila", str(notebook), "--no-browser", f"--port={port}"),
        *("--Voila.ip=127.0.0.1", "--VoilaConfiguration.allow_theme_override=YES"),
        "--template=explorer",
    ]
    os.environ["JUPYTER_PATH"] = str(project_root() / "recsys_lib" / "widgets" / "share")
    with _serving(notebook.parent, command, port, "voila/static/voila.js") as address:
        yield address


@contextmanager
def _serving(folder: Path, command: list[str], port: int, ready: str) -> Iterator[str]:
    """Run a server until the address ``ready`` answers, and stop it in the end."""
    state = folder / ".jupyter"
    own = {name: str(state / name) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    state.mkdir(exist_ok=True)
    with (state / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(f"http://127.0.0.1:{port}/{ready}"):
            assert time.monotonic() < deadline, (state / "lab.log").read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def browser_page() -> Iterator[Any]:
    """A page of a headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=FLAGS)
        yield browser.new_page(viewport={"width": 1280, "height": 1000})
        browser.close()


def open_notebook(page: Any, lab: str, name: str) -> None:
    """Open a notebook in a workspace of its own and wait for its kernel."""
    page.goto(f"{lab}/lab/workspaces/{Path(name).stem}/tree/{name}")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=_PATIENCE * 1000)
    page.get_by_text(_KERNEL_IDLE).wait_for(timeout=_PATIENCE * 1000)
    page.add_style_tag(content=".Toastify { display: none }")  # its news can cover a button


def run_all_cells(page: Any) -> None:
    """Choose Run All Cells from the menu."""
    page.get_by_text("Run", exact=True).first.click()
    page.get_by_text("Run All Cells", exact=True).click()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=5).status == 200)
    except OSError:
        return False
