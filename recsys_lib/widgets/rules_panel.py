"""Rules: what those in force and their drafts do, and what they cost in each segment."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from recsys_lib.serving import Recommender
from recsys_lib.serving.rule_cost_in_words import cost_in_words, for_reading
from recsys_lib.widgets.messages import error_html, loading_html
from recsys_lib.widgets.panel import Panel, heading, line, table_html
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.rules import RuleCosts, rule_files, rules_in_words

_SECONDS = "The model is trained again without what is held out: this may take a minute …"


class RulesPanel(Panel):
    """A file of rules in words and, on request, its cost; ``results`` are the costs by segment."""

    TITLE = "Rules"

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        self.costs = RuleCosts(recommender)
        self.words, self.cost = widgets.HTML(), widgets.HTML()
        self.file = widgets.Dropdown(
            options=[(self._label(path), path) for path in rule_files(recommender.dataset)],
            description="Rules", style={"description_width": "52px"}, layout={"width": "320px"},
        )  # fmt: skip
        self.file.observe(lambda _change: self.refresh(), "value")
        self.ask_cost = widgets.Button(
            description="What do they cost?",
            tooltip="nDCG, recall and coverage with and without them, on what was held out",
        )
        self.ask_cost.on_click(lambda _button: self.show_cost())
        self.children = (
            line(self.file, self.ask_cost),
            self.message,
            self.words,
            self.cost,
            line(self.download),
        )

    def answer(self) -> None:
        """Say what the rules do."""
        self.cost.value = ""
        self.results = rules_in_words(self.recommender, self._path)
        self.words.value = table_html(self.results)

    def clear(self) -> None:
        """Show nothing of a file with a mistake; the message has all of them."""
        super().clear()
        self.words.value = self.cost.value = ""

    def show_cost(self) -> None:
        """Say what the rules cost."""
        self.cost.value = loading_html(_SECONDS)
        try:
            found = self.costs.of(self._path)
        except Exception as error:  # a callback would swallow it
            self.clear()
            self.message.value = error_html(error)
            return
        self.results = found.segments
        said = "".join(f"<div>{escape(sentence)}</div>" for sentence in cost_in_words(found))
        self.cost.value = "".join(
            [
                heading("Cost by segment", "with the rules, compared with none"),
                said,
                table_html(for_reading(found.segments)),
                heading("Cost of each rule", "compared with all rules but this one"),
                table_html(for_reading(found.rules)),
            ]
        )

    def static(self) -> str:
        """The rules in words; the cost where it was asked for."""
        self.show()
        shown = f"{self.message.value}{self.words.value}{self.cost.value}"
        return f"<h3>{escape(self.TITLE)}</h3>{shown}"

    @property
    def _path(self) -> Path:
        path: Path = self.file.value
        return path

    def _label(self, path: Path) -> str:
        in_force = path == self.recommender.dataset.rules
        return f"{path.name} (in force)" if in_force else path.name
