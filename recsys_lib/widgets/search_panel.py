"""Search: products for words, and what was understood of them."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from recsys_lib.columns import Answers
from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import cards
from recsys_lib.widgets.panel import Panel, folded, heading, line
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.suggestions import Question
from recsys_lib.widgets.views import CardList
from recsys_lib.widgets.wishes import WishControls
from recsys_lib.widgets.word_search import find, marked

_MODES = [
    ("as the index was built", ""),
    ("meaning and words", "hybrid"),
    ("meaning", "semantic"),
    ("words", "lexical"),
]


class SearchPanel(Panel):
    """Products for words, with the matched ones marked."""

    TITLE = "Search"
    HINT = "What you are looking for, in your own words"
    ACCEPTS = frozenset({"words"})

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        self.mode = widgets.Dropdown(
            options=_MODES, description="Search by", style={"description_width": "70px"},
            layout={"width": "300px"},
        )  # fmt: skip
        self.mode.observe(lambda _change: self.refresh(), "value")
        self.wishes = WishControls(recommender, facts, self.refresh, grouped=False)
        self.listed = CardList(self.opened, form="grid")
        self.children = (
            line(self.mode),
            folded("Filters, length and diversity", self.wishes),
            self.heading,
            self.message,
            self.listed,
            line(self.download),
        )

    def show(self) -> None:
        """Begin with words of a title, which suits any catalogue."""
        if self.question is None:
            titles = self.recommender.find_items("", 1)[Answers.TITLE]
            words = [word for title in titles for word in title.split() if word.isalpha()]
            self.question = Question("words", " ".join(words[:2] or list(titles)[:1]))
        super().show()

    def answer(self) -> None:
        """Products, and a line about how they were found."""
        if self.question is None or not self.question.text:
            return
        query = self.question.text
        found = find(
            self.recommender,
            query,
            self.wishes.rows.value,
            self.mode.value or None,
            **self.wishes.values(),
        )
        self.listed.nothing = "Nothing is found."
        self.listed.cards = cards(
            found.answer, self.facts, lambda title: marked(self.recommender, query, title)
        )
        said = [f"{len(found.answer)} products in {1000 * found.seconds:,.0f} ms"]
        said += [f"“{other}” for “{word}”" for word, other in found.corrections.items()]
        self.heading.value = heading(f"Found for “{query}”", ", searched ".join(said))
        self.results = found.answer

    def clear(self) -> None:
        """Show no answer."""
        super().clear()
        self.heading.value = ""

    def card_lists(self) -> list[CardList]:
        """The products."""
        return [self.listed]
