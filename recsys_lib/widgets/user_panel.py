"""For a user: what they took, and what is recommended to them, with a reason each."""

from __future__ import annotations

from html import escape
from typing import Any

import ipywidgets as widgets

from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import cards
from recsys_lib.widgets.messages import error_html, message_html
from recsys_lib.widgets.panel import Panel, folded, heading, line
from recsys_lib.widgets.person import history, recommended
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.suggestions import Question, example_people
from recsys_lib.widgets.views import CardList
from recsys_lib.widgets.wishes import WishControls

_REPEATS = [
    ("new products only", "exclude"),
    ("new products and what they have", "allow"),
    ("what they have, again", "only"),
]
_SOURCES = {
    "after": "taken after what they have",
    "together": "taken together with it",
    "sequence": "next in the order of what they took",
    "ease": "taken by people with such histories",
    "cosine": "taken by the same people",
    "bm25": "taken by the same people, rare products counting more",
    "als": "liked by people of the same taste",
    "attributes": "liked by them, and by what its text says",
    "text": "reads alike",
    "popular": "popular",
    "recent": "popular lately",
}
"""The candidate sources in words."""

_WHY = {"name": "why", "label": "Why?", "tip": "Where the score comes from"}


class UserPanel(Panel):
    """The history of a person as a strip, and recommendations below it."""

    TITLE = "For a user"
    HINT = "A person's id (click here for examples), a product, or words"
    ACCEPTS = frozenset({"person"})

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        self.strip = CardList(self.opened, form="strip")
        self.listed = CardList(self.opened, form="grid", actions=[_WHY])
        self.repeats = widgets.Dropdown(
            options=_REPEATS, description="Recommend", style={"description_width": "90px"},
            layout={"width": "350px"},
        )  # fmt: skip
        self.repeats.observe(lambda _change: self.refresh(), "value")
        self.try_changes = widgets.Button(
            description="What if …", tooltip="Add and remove products of this history"
        )
        self.try_changes.on_click(lambda _button: self.explorer.what_if(self.question))
        self.wishes = WishControls(recommender, facts, self.refresh)
        self.why = widgets.HTML()
        self.children = (
            self.heading,
            self.strip,
            line(self.repeats, self.try_changes),
            folded("Filters, length and diversity", self.wishes),
            self.message,
            self.why,
            widgets.HTML(heading("Recommended", "best first; click a product for similar ones")),
            self.listed,
            line(self.download),
        )

    def show(self) -> None:
        """Begin with an example."""
        people = example_people(self.recommender, 1) if self.question is None else []
        if people:
            self.question = Question("person", people[0])
        super().show()

    def answer(self) -> None:
        """History and recommendations."""
        if self.question is None:
            return
        user, self.why.value = self.question.text, ""
        values = self.wishes.values()
        answer = recommended(
            self.recommender, user, self.wishes.rows.value, self.repeats.value, **values
        )
        taken = history(self.recommender, user)
        self.heading.value = heading(user, f"took {_products(len(taken))}, the newest first")
        self.strip.cards = cards(taken, self.facts)
        self.listed.nothing = "No product passes these conditions."
        self.listed.cards = cards(answer, self.facts)
        self.results = answer

    def clear(self) -> None:
        """Show no answer."""
        super().clear()
        self.heading.value = self.why.value = ""

    def card_lists(self) -> list[CardList]:
        """The history, then the recommendations."""
        return [self.strip, self.listed]

    def opened(self, kind: str, item_id: str, other: str = "") -> None:
        """Explain a row, or ask about its product."""
        if kind != "why":
            super().opened(kind, item_id, other)
            return
        try:
            self.why.value = self._explained(item_id)
        except Exception as error:
            self.why.value = error_html(error)

    def _explained(self, item_id: str) -> str:
        assert self.question is not None
        n, repeats = self.wishes.rows.value, self.repeats.value
        why = self.recommender.explain(
            self.question.text, item_id, n, repeats=repeats, **self.wishes.values()
        )
        parts = why.sources[why.sources["contribution"] > 0].head(5)
        lines = "".join(
            f"<tr><td>{escape(_SOURCES.get(row.source, row.source))}</td>"
            f"<td>{row.contribution:.3g}</td>"
            f"<td>{'' if row.rank != row.rank else f'{row.rank:,}'}</td></tr>"
            for row in parts.itertuples()
        )
        head = "<tr><th>reason</th><th>adds to the score</th><th>its own place</th></tr>"
        return f'{message_html(why.sentence)}<table class="rx-table">{head}{lines}</table>'


def _products(n: int) -> str:
    return f"{n:,} product{'s'[: n - 1] if n else 's'}"
