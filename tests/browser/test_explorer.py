"""The explorer in JupyterLab and in Voila, used as a person does, on a catalogue that means harm.

Pictures of all panels are kept in the temporary folder of the test, to be looked at.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from recsys_lib.paths import project_root
from tests.support.chromium import PROGRAM
from tests.support.hostile_shop import OWNED, hostile_shop
from tests.support.jupyterlab import (
    browser_page,
    open_notebook,
    run_all_cells,
    running_lab,
    running_voila,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="needs the program chromium"),
]
_START = 60_000  # milliseconds
_PANELS = ["Similar items", "For a user", "What if", "Search", "Compare", "Map", "Status"]
_HARMLESS = ("WebSocket", "favicon", "preload", "Scripting", "Permissions-Policy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace with a trained shop, and the explorer's notebook for it."""
    root = tmp_path_factory.mktemp("explorer")
    hostile_shop(root)
    text = (project_root() / "notebooks" / "explorer.ipynb").read_text()
    book = root / "notebooks" / "explorer.ipynb"
    book.parent.mkdir()
    book.write_text(text.replace('dataset = \\"sample\\"', 'dataset = \\"shop\\"'))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECSYS_HOME", str(root))
        patch.setenv("PYTHONPATH", str(project_root()))
        yield book.parent
    if kept := os.environ.get("RECSYS_SCREENSHOTS"):
        shutil.copytree(root / "screens", kept, dirs_exist_ok=True)


@pytest.fixture
def page():
    """A page of a browser, which fails in the end if anything was wrong on it."""
    with browser_page() as page:
        events = []
        page.on("console", lambda message: events.append((message.type, message.text)))
        page.on("pageerror", lambda error: events.append(("error", str(error))))
        page.on("dialog", lambda dialog: (events.append(("error", "dialog")), dialog.dismiss()))
        yield page
        wrong = [text for kind, text in events if kind == "error"]
        assert [text for text in wrong if not any(word in text for word in _HARMLESS)] == []
        assert page.title() != "owned", "a text of the catalogue ran as a script"


@pytest.fixture(scope="module")
def lab(folder):
    with running_lab(folder) as address:
        yield address


@pytest.fixture(scope="module")
def voila(folder):
    with running_voila(folder / "explorer.ipynb") as address:
        yield address


class Person:
    """Somebody who uses the explorer."""

    def __init__(self, page, folder, name):
        self.page, self.name = page, name
        self.screens = folder.parent / "screens"
        page.locator(".rx-explorer .rx-card").first.wait_for(timeout=_START)
        self.settle()

    def settle(self):
        """Wait until nothing is being loaded."""
        self.page.wait_for_function(
            "!document.querySelector('.rx-loading, .rx-busy') && "
            "!document.querySelector('.rx-explorer').innerText.includes('One moment')",
            timeout=_START,
        )

    def turn_to(self, title):
        self.page.locator(".rx-tabs button", has_text=title).click()
        self.expect(title)

    def expect(self, title):
        """Wait until this panel is in front, and has its answer."""
        slug = title.lower().replace(" ", "-")
        self.page.locator(f".rx-panel-{slug}:visible").wait_for(timeout=_START)
        self.settle()

    def ask(self, text):
        box = self.page.locator(".rx-input")
        box.fill(text)
        box.press("Enter")

    def expect_product(self, item):
        """Wait until this product is the one that is asked about."""
        self.page.locator(f".rx-card:visible >> nth=0 >> css=code:text-is('{item}')").wait_for()
        self.settle()

    def cards(self):
        """The cards of the panel in front."""
        return self.page.locator(".rx-explorer .rx-card:visible")

    def look(self, title):
        """Keep a picture, and see that nothing reaches beyond the page or over anything else."""
        self.screens.mkdir(exist_ok=True)
        path = self.screens / f"{self.name}-{title.lower().replace(' ', '-')}.png"
        explorer = self.page.locator(".rx-explorer")
        explorer.screenshot(path=path)
        beyond = explorer.evaluate(_BEYOND)
        assert beyond == [], f"{title}: reaches beyond the page"
        assert explorer.evaluate(_OVERLAPS) == [], f"{title}: cards lie on each other"

    def look_at_all_panels(self):
        for title in _PANELS:
            self.turn_to(title)
            if title not in ("Map", "Status"):
                self.cards().nth(3).wait_for()
                self.settle()
            self.look(title)


_BEYOND = """explorer => {
  const right = explorer.getBoundingClientRect().right + 1;
  return [...explorer.querySelectorAll('input, select, button, .rx-card, canvas, h3')]
    .filter(e => e.offsetParent && !e.closest('.rx-strip') && !e.closest('.rx-scroll'))
    .filter(e => e.getBoundingClientRect().right > right)
    .map(e => e.outerHTML.slice(0, 120));
}"""
_OVERLAPS = """explorer => {
  const boxes = [...explorer.querySelectorAll('.rx-card')].filter(e => e.offsetParent)
    .map(e => e.getBoundingClientRect());
  return boxes.filter((a, n) => boxes.slice(n + 1).some(b =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));
}"""


def in_lab(page, lab, folder, name, *, theme="JupyterLab Light", narrow=False):
    settings = folder / ".jupyter" / "JUPYTER_CONFIG_DIR" / "lab" / "user-settings"
    file = settings / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"theme": theme}))
    open_notebook(page, lab, "explorer.ipynb")
    if narrow:
        page.keyboard.press("Control+b")  # folds the list of files away
    run_all_cells(page)
    return Person(page, folder, name)


def in_voila(page, voila, folder, name, theme="light"):
    page.goto(f"{voila}/?theme={theme}")
    return Person(page, folder, name)


def test_a_session_in_jupyterlab(page, lab, folder):
    somebody = in_lab(page, lab, folder, "lab-1280-light")
    somebody.look_at_all_panels()
    somebody.turn_to("Similar items")
    finds_a_product_with_the_keyboard(somebody)
    asks_why_something_is_recommended(somebody)
    changes_a_history(somebody)
    searches_with_a_slip(somebody)


def finds_a_product_with_the_keyboard(somebody):
    page, box = somebody.page, somebody.page.locator(".rx-input")
    box.fill("dryr bel")
    page.locator(".rx-suggestion", has_text="Dryer belt").first.wait_for()
    page.screenshot(path=somebody.screens / "lab-1280-light-suggestions.png")
    box.press("ArrowDown")
    chosen = page.locator(".rx-suggestion[aria-selected=true] .rx-label").inner_text()
    box.press("Enter")
    page.locator(".rx-card:visible >> nth=0", has_text=chosen[:20]).wait_for()
    page.wait_for_function("t => document.querySelector('.rx-input').value === t", arg=chosen)
    somebody.settle()  # a later list may move the cards
    row = somebody.cards().nth(2)
    item = row.get_attribute("data-item")
    row.locator("button.rx-title").focus()
    page.keyboard.press("Enter")
    somebody.expect_product(item)


def asks_why_something_is_recommended(somebody):
    somebody.ask("U5")  # an id in capitals
    somebody.page.get_by_text("u5 took").wait_for()
    somebody.expect("For a user")
    somebody.cards().locator("button", has_text="Why?").first.click()
    somebody.page.get_by_text("is at place 1 of the list").wait_for()


def changes_a_history(somebody):
    somebody.page.get_by_role("button", name="What if …").click()
    somebody.expect("What if")
    somebody.page.locator(".rx-card:visible button", has_text="+").first.click()
    somebody.page.locator(".rx-strip .rx-card:visible").nth(8).wait_for()
    somebody.page.locator(".rx-badge:visible", has_text="new").first.wait_for()


def searches_with_a_slip(somebody):
    somebody.turn_to("Search")
    somebody.ask("watr filter")
    somebody.page.get_by_text("searched “water” for “watr”").wait_for()
    somebody.settle()
    assert somebody.page.locator("mark:visible").first.inner_text().lower() in ("water", "filter")
    somebody.look("Search for a slip")


def test_texts_of_the_catalogue_do_nothing(page, voila, folder):
    somebody = in_voila(page, voila, folder, "voila-1280-light")
    somebody.look_at_all_panels()
    somebody.turn_to("Similar items")
    for number in range(6):
        somebody.ask(f"i{number}")
        somebody.expect_product(f"i{number}")
    somebody.ask(f"<img src=x onerror={OWNED}>")
    page.get_by_text("Found for “<img src=x").wait_for()
    assert page.locator(".rx-explorer a[href^='javascript']").count() == 0
    assert page.locator(".rx-explorer img:not([referrerpolicy=no-referrer])").count() == 0
    # The map: hovering shows a product, a click asks about it.
    somebody.turn_to("Map")
    canvas = page.locator(".rx-map canvas")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.locator(".rx-tip").wait_for()
    page.keyboard.press("Enter")
    somebody.expect("Similar items")
    # The rows as a file.
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").locator("visible=true").click()
    assert Path(saved.value.path()).read_text().startswith("query,item_id,title")


def test_on_a_phone_in_the_dark(page, voila, folder):
    page.set_viewport_size({"width": 390, "height": 800})
    somebody = in_voila(page, voila, folder, "voila-390-dark", "dark")
    somebody.look_at_all_panels()
    somebody.turn_to("Similar items")
    ground, ink = page.evaluate(_COLORS)
    assert sum(ground) < 200 < sum(ink)


def test_jupyterlab_in_the_dark_and_narrow(page, lab, folder):
    page.set_viewport_size({"width": 390, "height": 800})
    somebody = in_lab(page, lab, folder, "lab-390-dark", theme="JupyterLab Dark", narrow=True)
    somebody.look_at_all_panels()
    somebody.turn_to("Similar items")
    ground, ink = page.evaluate(_COLORS)
    assert sum(ground) < 200 < sum(ink)


_COLORS = """() => {
  const card = [...document.querySelectorAll('.rx-card')][0];
  const numbers = text => text.match(/[0-9]+/g).slice(0, 3).map(Number);
  const title = getComputedStyle(card.querySelector('.rx-title')).color;
  return [numbers(getComputedStyle(card).backgroundColor), numbers(title)];
}"""
