"""Similar items: the product that is asked about, and its neighbours by each way side by side."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
import pandas as pd

from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import cards
from recsys_lib.widgets.panel import Panel, columns, folded, heading, line
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.similar import BY, WAYS, similar, ways
from recsys_lib.widgets.suggestions import Question
from recsys_lib.widgets.views import CardList
from recsys_lib.widgets.wishes import WishControls


class SimilarItemsPanel(Panel):
    """Neighbours of a product by likes, by text and by the blend; a click asks about one."""

    TITLE = "Similar items"
    ACCEPTS = frozenset({"product"})

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        self.asked = CardList(form="list", opens=False)
        self.lists = {by: CardList(self.opened) for by in ways(recommender)}
        self.notes = {by: widgets.HTML(heading(WAYS[by])) for by in self.lists}
        self.wishes = WishControls(recommender, facts, self.refresh)
        sides = [widgets.VBox([self.notes[by], self.lists[by]]) for by in self.lists]
        self.children = (
            self.asked,
            folded("Filters and length", self.wishes),
            self.message,
            columns(*sides),
            line(self.download),
        )

    def show(self) -> None:
        """Begin with a popular product."""
        examples = self.recommender.example_items(1)
        if self.question is None and examples:
            self.question = Question("product", examples[0])
        super().show()

    def answer(self) -> None:
        """Neighbours by each way."""
        if self.question is None:
            return
        item = self.question.text
        self.asked.cards = cards(pd.DataFrame([self.recommender.item(item)]), self.facts)
        found, problems = similar(
            self.recommender,
            item,
            self.wishes.rows.value,
            () if self.explorer.is_ready else ("blend",),
            **self.wishes.values(),
        )
        for by, view in self.lists.items():
            mine = found[found[BY] == by]
            view.nothing = problems.get(by, "No product passes these conditions.")
            view.cards = cards(mine, self.facts)
        self.results = found

    def complete(self) -> None:
        """Add the way that was not ready when the first question was asked."""
        with self.lock:
            if self._shown and "blend" in self.lists:
                self.refresh()

    def card_lists(self) -> list[CardList]:
        """The product, then its neighbours by each way."""
        return [self.asked, *self.lists.values()]

    def static(self) -> str:
        """The product and its neighbours by the way that is served."""
        self.show()
        served = self.lists.get(self.recommender.similar_by, next(iter(self.lists.values())))
        return self.static_of(self.asked, served)
