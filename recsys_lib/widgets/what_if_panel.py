"""What if: a history to change, and what would be recommended to somebody with it."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import cards
from recsys_lib.widgets.panel import Panel, folded, heading, line
from recsys_lib.widgets.person import history
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.suggestions import Question
from recsys_lib.widgets.views import CardList
from recsys_lib.widgets.what_if import recommended_for
from recsys_lib.widgets.wishes import WishControls

_MOST = 30
_STRANGER = "A stranger, of whom nothing is known. Add products with the box above."
_REMOVE = {"name": "remove", "label": "\u00d7", "tip": "Take out of the history"}
_ADD = {"name": "add", "label": "+", "tip": "Add to the history"}


class WhatIfPanel(Panel):
    """Products are added by the box or by +, removed by a cross, and moved by dragging them."""

    TITLE = "What if"
    HINT = "Add a product to the history, or start from a person"
    ACCEPTS = frozenset({"product", "person"})
    KEEPS_QUESTION = False

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        self.history: list[str] = []
        self.strip = CardList(self._change, form="strip", actions=[_REMOVE], drags=True)
        self.listed = CardList(self._change, form="grid", actions=[_ADD])
        self.empty = widgets.Button(description="Start empty", tooltip="A stranger without history")
        self.empty.on_click(lambda _button: self.set_history([]))
        self.wishes = WishControls(recommender, facts, self.refresh)
        self.children = (
            widgets.HTML(heading("History", "the oldest first; drag to change the order")),
            self.strip,
            line(self.empty),
            folded("Filters, length and diversity", self.wishes),
            self.message,
            widgets.HTML(heading("Recommended to somebody with this history")),
            self.listed,
            line(self.download),
        )

    def show(self) -> None:
        """Begin with two popular products."""
        if not self._shown and not self.history:
            self.history = self.recommender.example_items(2)
        super().show()

    def ask(self, question: Question) -> None:
        """Add a product, or begin with the history of a person."""
        if question.kind == "person":
            taken = history(self.recommender, question.text, _MOST)
            self.results = pd.DataFrame()  # of somebody else: nothing to compare with
            self.set_history(taken[Answers.ITEM].tolist()[::-1])
        else:
            self.set_history([i for i in self.history if i != question.text] + [question.text])

    def set_history(self, item_ids: list[str]) -> None:
        """Ask for another history, oldest first."""
        self.history, self._shown = item_ids[-_MOST:], True
        self.refresh()

    def answer(self) -> None:
        """Recommendations, with what changed since the last ones."""
        taken = pd.DataFrame(
            [self.recommender.item(item) for item in self.history],
            columns=[Answers.ITEM, Answers.TITLE, Answers.IMAGE],
        )
        self.strip.nothing = _STRANGER
        self.strip.cards = cards(taken, self.facts)
        if not self.history and self.recommender.blend is None:
            self.results, self.listed.cards = pd.DataFrame(), []
            self.listed.nothing = "Add a product: this version has no list for strangers."
            return
        self.listed.nothing = "No product passes these conditions."
        answer = recommended_for(
            self.recommender, self.history, self.wishes.rows.value, self.results,
            **self.wishes.values(),
        )  # fmt: skip
        self.listed.cards = cards(answer, self.facts)
        self.results = answer

    def card_lists(self) -> list[CardList]:
        """The history, then the recommendations."""
        return [self.strip, self.listed]

    def _change(self, kind: str, item_id: str, other: str = "") -> None:
        """Do what was done to a card."""
        rest = [item for item in self.history if item != item_id]
        if kind == "add":
            self.set_history([*rest, item_id])
        elif kind == "remove":
            self.set_history(rest)
        elif kind == "move" and other in rest and len(rest) < len(self.history):
            at = rest.index(other) + (self.history.index(item_id) < self.history.index(other))
            self.set_history([*rest[:at], item_id, *rest[at:]])
        else:
            self.opened(kind, item_id)
