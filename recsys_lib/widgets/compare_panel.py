"""Compare: one question asked twice, with what both answers have in common."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from recsys_lib.columns import Answers
from recsys_lib.errors import QueryError
from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import cards
from recsys_lib.widgets.comparison import SIDE, Setting, answer, choices, compared
from recsys_lib.widgets.panel import Panel, columns, heading, line
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.suggestions import Question
from recsys_lib.widgets.views import CardList
from recsys_lib.widgets.wishes import ROWS


class _Side(widgets.VBox):
    """One of the two answers, and the controls that make it."""

    def __init__(self, name: str, panel: ComparePanel) -> None:
        self.name = name
        style = {"description_width": "60px"}
        self.version = widgets.Dropdown(
            options=panel.explorer.version_choices(), value=panel.recommender.version or None,
            description="Version", style=style, layout={"width": "320px"},
        )  # fmt: skip
        self.way = widgets.Dropdown(description="Way", style=style, layout={"width": "280px"})
        self.weight = widgets.FloatSlider(
            0.5, min=0, max=1, step=0.05, description="Meaning", continuous_update=False,
            style=style, layout={"width": "280px"},
        )  # fmt: skip
        self.listed = CardList(panel.opened)
        for control in (self.version, self.way, self.weight):
            control.observe(panel.changed, "value")
        versions = [self.version] if len(self.version.options) > 1 else []
        title = widgets.HTML(heading(name))
        super().__init__([title, line(*versions, self.way, self.weight), self.listed])

    def offer(self, ways: dict[str, str], place: int) -> None:
        """Offer the ways of another kind of question; the two sides begin with different ones."""
        options = [(label, way) for way, label in ways.items()]
        if tuple(options) != tuple(self.way.options):
            self.way.options = options
            if options:
                self.way.index = min(place, len(options) - 1)

    def setting(self) -> Setting:
        """How this side asks."""
        return Setting(self.way.value or "", self.weight.value)


class ComparePanel(Panel):
    """A product, a person or words, asked of two versions or in two ways."""

    TITLE = "Compare"
    HINT = "Words, a product or a person, to be asked twice"
    ACCEPTS = frozenset({"product", "person", "words"})

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        self._quiet = True
        self.sides = (_Side("A", self), _Side("B", self))
        self.overlap = widgets.HTML()
        self.children = (
            self.heading,
            self.message,
            self.overlap,
            columns(*self.sides),
            line(self.download),
        )

    def show(self) -> None:
        """Begin with what was asked last, or with a popular product."""
        if self.question is None:
            examples = self.recommender.example_items(1)
            last = self.explorer.last_question
            self.question = last or (Question("product", examples[0]) if examples else None)
        super().show()

    def changed(self, _change: Any) -> None:
        """Ask again; not while controls are being filled."""
        if not self._quiet:
            self.refresh()

    def answer(self) -> None:
        """Both answers."""
        if self.question is None:
            return
        ways = choices(self.recommender, self.question.kind)
        if not ways:
            raise QueryError("this version cannot answer such a question")
        self._quiet = True
        for place, side in enumerate(self.sides):
            side.offer(ways, place)
            hybrid = self.question.kind == "words" and side.way.value == "hybrid"
            side.weight.layout.display = None if hybrid else "none"
        self._quiet = False
        found = [self._answered(side, self.question) for side in self.sides]
        self.results = compared(*found)
        for side in self.sides:
            mine = self.results[self.results[SIDE] == side.name]
            side.listed.nothing = "Nothing is found."
            side.listed.cards = cards(mine, self.facts)
        both = len(set(found[0][Answers.ITEM]) & set(found[1][Answers.ITEM]))
        self.heading.value = heading(self.explorer.name_of(self.question))
        most = max(map(len, found))
        self.overlap.value = f"<div>{both} of {most} products are in both lists.</div>"

    def clear(self) -> None:
        """Show no answer."""
        super().clear()
        self.heading.value = self.overlap.value = ""

    def card_lists(self) -> list[CardList]:
        """Both lists."""
        return [side.listed for side in self.sides]

    def _answered(self, side: _Side, question: Question) -> Any:
        recommender = self.explorer.opened_version(side.version.value)
        return answer(recommender, question, side.setting(), ROWS)
