"""What all panels have in common: a question, an answer or a message, and the rows as a table."""

from __future__ import annotations

import threading
from html import escape
from typing import Any, ClassVar

import ipywidgets as widgets
import pandas as pd

from recsys_lib.display.tables import text_of
from recsys_lib.serving import Recommender
from recsys_lib.widgets.messages import error_html, loading_html
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.static_page import static_list
from recsys_lib.widgets.suggestions import Kind, Question
from recsys_lib.widgets.views import CardList, Download


class Panel(widgets.VBox):
    """Controls above an answer. It asks nothing before it is shown (:meth:`show`).

    A subclass says which questions it takes (``ACCEPTS``), whether the box goes on to show them
    (``KEEPS_QUESTION``), and answers them (:meth:`answer`).

    Attributes
    ----------
    results: the rows that are shown, as a table.
    question: what is asked; None before there is anything.
    """

    TITLE: ClassVar[str]
    HINT: ClassVar[str] = "Words, a product id or a person's id"
    ACCEPTS: ClassVar[frozenset[Kind]] = frozenset()
    KEEPS_QUESTION: ClassVar[bool] = True

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        self.recommender, self.facts, self.explorer = recommender, facts, explorer
        self.results = pd.DataFrame()
        self.question: Question | None = None
        self.heading, self.message = widgets.HTML(), widgets.HTML()
        self.download = Download(
            lambda: (f"{self.TITLE.lower().replace(' ', '_')}.csv", self.results)
        )
        self._shown, self.lock = False, threading.RLock()
        super().__init__()
        self.add_class(f"rx-panel-{self.TITLE.lower().replace(' ', '-')}")

    def show(self) -> None:
        """Answer the first question, when the panel is first seen."""
        if not self._shown:
            self._shown = True
            self.refresh()

    def ask(self, question: Question) -> None:
        """Answer another question."""
        self.question, self._shown = question, True
        self.refresh()

    def refresh(self) -> None:
        """Answer the question again, since the controls have changed."""
        if not self._shown:
            return
        with self.lock:
            self.message.value = loading_html("One moment …")
            try:
                self.answer()
                self.message.value = ""
            except Exception as error:  # a callback would swallow it
                self.clear()
                self.message.value = error_html(error)

    def answer(self) -> None:
        """Ask the models and fill the views; may raise."""
        raise NotImplementedError

    def clear(self) -> None:
        """Show no answer."""
        self.results = pd.DataFrame()
        for view in self.card_lists():
            view.cards, view.nothing = [], ""

    def card_lists(self) -> list[CardList]:
        """The lists of cards that the panel shows."""
        return []

    def static(self) -> str:
        """The answer as HTML that needs no running kernel."""
        self.show()
        return self.static_of(*self.card_lists())

    def static_of(self, *views: CardList) -> str:
        """Heading, message and some lists as HTML."""
        lists = "".join(static_list(view.cards) for view in views)
        return f"<h3>{escape(self.TITLE)}</h3>{self.heading.value}{self.message.value}{lists}"

    def opened(self, kind: str, item_id: str, _other: str = "") -> None:
        """Follow a click on a card: the product is asked about."""
        if kind == "open":
            self.explorer.open_product(item_id)


def columns(*children: widgets.Widget) -> widgets.Box:
    """Lists side by side, below each other where there is no room."""
    box = widgets.Box(list(children))
    box.add_class("rx-columns")
    return box


def line(*children: widgets.Widget) -> widgets.HBox:
    """Controls in a line, which breaks where there is no room."""
    box = widgets.HBox(list(children))
    box.add_class("rx-wrap")
    return box


def folded(title: str, *children: widgets.Widget) -> widgets.Accordion:
    """Controls that few need, behind their title."""
    return widgets.Accordion([widgets.VBox(list(children))], titles=(title,))


def heading(title: str, more: str = "") -> str:
    """A heading of a list, with what is said of it."""
    note = (
        f' <span class="rx-soft" style="font-weight: normal">{escape(more)}</span>' if more else ""
    )
    return f"<h3>{escape(title)}{note}</h3>"


def table_html(table: pd.DataFrame) -> str:
    """A table as HTML, every text escaped."""
    if table.empty:
        return '<div class="rx-soft">None.</div>'
    head = "".join(f"<th>{escape(name)}</th>" for name in table)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(text_of(value))}</td>' for value in row)}</tr>"
        for row in table.itertuples(index=False)
    )
    return f'<div class="rx-scroll"><table class="rx-table"><tr>{head}</tr>{rows}</table></div>'
