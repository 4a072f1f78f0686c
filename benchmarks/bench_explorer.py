"""The explorer at Appliances size, in a real JupyterLab: start, time of each use, memory.

Start counts from the click on Run All Cells to the first answer on the screen, in a kernel that is
idle; each use from the Enter key or the click to the new answer on the screen, when the suggestions
for what was typed are there. Browser and kernel share the processors. Needs the program chromium.

python benchmarks/bench_explorer.py
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from _appliances import APPLIANCES, appliances, use_home

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.support.jupyterlab import browser_page, open_notebook, run_all_cells, running_lab

_NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "explorer.ipynb"
_STARTS, _TIMES = 3, 5
_PATIENCE = 60_000  # milliseconds
_SETTLED = """!document.querySelector('.rx-loading, .rx-busy') &&
    !document.querySelector('.rx-explorer').innerText.includes('One moment')"""
_SEARCH, _WORDS = "water filter", ("white", "pack", "pump", "door", "seal")
_TYPING = 1_000  # milliseconds after the last key
_Use = tuple[Callable[[], None], Callable[[], None]]


def main() -> None:
    """Print a line for each."""
    use_home()
    recommender = appliances()
    users = [str(user) for user in recommender.example_users(_TIMES)]
    items = [str(item) for item in recommender.example_items(_TIMES + 1)][1:]  # after the first
    del recommender
    with tempfile.TemporaryDirectory() as name:
        text = _NOTEBOOK.read_text().replace('\\"sample', f'\\"{APPLIANCES}')
        folder = Path(name) / "notebooks"
        folder.mkdir()
        for number in range(_STARTS):
            (folder / f"explorer-{number}.ipynb").write_text(text)
        os.environ["PYTHONPATH"] = str(_NOTEBOOK.parents[1])
        with running_lab(folder) as lab, browser_page() as page:
            starts = [_start(page, lab, number) for number in range(_STARTS)]
            print(f"first answer after Run All Cells: {_seconds(starts)}, load {_load()}")
            page.wait_for_timeout(10_000)  # what the first use of each panel needs is prepared
            _uses(page, users, items)
            print(f"memory of the kernel: {_kernel_megabytes():,.0f} MB")
        shutil.rmtree(folder)


def _start(page: Any, lab: str, number: int) -> float:
    for kernel in _kernels():
        kernel.kill()
    open_notebook(page, lab, f"explorer-{number}.ipynb")
    started = time.perf_counter()
    run_all_cells(page)
    page.locator(".rx-explorer .rx-card").first.wait_for(timeout=_PATIENCE)
    return time.perf_counter() - started


def _uses(page: Any, users: list[str], items: list[str]) -> None:
    box = page.locator(".rx-input")
    cards = page.locator(".rx-explorer .rx-card:visible")

    def typed(text: str) -> None:
        box.fill(text)
        page.wait_for_timeout(_TYPING)
        _settle(page)

    def ask(text: str) -> _Use:
        return lambda: typed(text), lambda: box.press("Enter")

    def turn(title: str) -> Callable[[], None]:
        return page.locator(".rx-tabs button", has_text=title).click

    def go(title: str) -> None:
        turn(title)()
        _settle(page)

    _use(page, "another product", [ask(item) for item in items])
    _use(page, "click on a card", [(lambda: None, cards.nth(3).click)] * _TIMES)
    go("For a user")
    _use(page, "another person", [ask(user) for user in users])
    go("Search")
    prepare, act = ask(_SEARCH)
    prepare()
    act()
    _settle(page)
    _use(page, "a search", [ask(f"{_SEARCH} {word}") for word in _WORDS])
    for title in ("Compare", "Map", "Status"):
        go(title)
        go("Search")
        _use(page, f"back to {title}", [(lambda: None, turn(title))])


def _use(page: Any, name: str, uses: list[_Use]) -> None:
    """Do each; its second part is timed, until something else is shown and nothing waits."""
    times = []
    for prepare, act in uses:
        prepare()
        before = _shown(page)
        started = time.perf_counter()
        act()
        page.wait_for_function(
            f"before => document.querySelector('.rx-explorer').innerText !== before && {_SETTLED}",
            arg=before,
            timeout=_PATIENCE,
        )
        times.append(time.perf_counter() - started)
    print(f"{name}: {_seconds(times)}")


def _settle(page: Any) -> None:
    page.wait_for_timeout(500)
    page.wait_for_function(_SETTLED, timeout=_PATIENCE)


def _shown(page: Any) -> str:
    return str(page.evaluate("document.querySelector('.rx-explorer').innerText"))


def _kernels() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "ipykernel_launcher" in " ".join(child.cmdline())]


def _kernel_megabytes() -> float:
    return sum(kernel.memory_info().rss for kernel in _kernels()) / 1e6


def _seconds(times: list[float]) -> str:
    return f"median {np.median(times):.2f} s, longest {max(times):.2f} s of {len(times)}"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
