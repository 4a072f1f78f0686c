"""The explorer: one question box, and panels that answer what they can."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets
from IPython.display import HTML

from recsys_lib.columns import Answers
from recsys_lib.errors import QueryError
from recsys_lib.paths import Dataset
from recsys_lib.serving import Recommender
from recsys_lib.widgets.audience import is_watched
from recsys_lib.widgets.map_panel import MapPanel
from recsys_lib.widgets.messages import error_html, loading_html
from recsys_lib.widgets.panel import Panel, line
from recsys_lib.widgets.panels import Panels
from recsys_lib.widgets.similar_panel import SimilarItemsPanel
from recsys_lib.widgets.suggestions import Question, question_of, suggestions
from recsys_lib.widgets.trained import OpenVersions, version_choices
from recsys_lib.widgets.version_picker import VersionPicker
from recsys_lib.widgets.views import QuestionBox, link_remote
from recsys_lib.widgets.warm_up import WarmUp
from recsys_lib.widgets.what_if_panel import WhatIfPanel


class Explorer(widgets.VBox):
    """Everything that a version can be asked by hand.

    Parameters
    ----------
    recommender
        The version to begin with.
    background
        Prepare what takes seconds at its first use while the first answer is looked at; else
        before.

    Attributes
    ----------
    panels
        By title: those that the version has the data for. ``panels["Search"].results`` is the
        table of what is shown.
    """

    def __init__(self, recommender: Recommender, *, background: bool = True) -> None:
        self.background = background
        self.warm_up: WarmUp | None = None
        self.open_versions = OpenVersions(recommender)
        self.last_question: Question | None = None
        self.box = QuestionBox(self._suggest, self._chosen, self._sent)
        self.message = widgets.HTML()
        self.remote = widgets.Checkbox(True, description="Pictures from the web", indent=False)
        self.remote.layout.width = "auto"
        self.picker = VersionPicker(self._switch)
        self.tabs = widgets.ToggleButtons(style={"button_width": "auto"})
        self.tabs.add_class("rx-tabs")
        self.stack = widgets.Stack()
        self._quiet = True
        self._fill(recommender)
        self._quiet = False
        self.tabs.observe(self._turned, "index")
        self.remote.observe(self._pictures, "value")
        super().__init__(
            [line(self.picker, self.remote), self.box, self.message, self.tabs, self.stack]
        )
        self.add_class("rx-explorer")
        self._begin()

    @property
    def panel(self) -> Panel:
        """The panel in front."""
        return self.panels[list(self.panels)[self.tabs.index]]

    def ask(self, question: Question) -> None:
        """Let the panel in front answer, or the first one that takes such a question."""
        taker = self.panels.taker(question.kind, self.panel.TITLE)
        if taker is None:
            self.message.value = error_html(_no_answer(question))
            return
        try:
            name = self.name_of(question)
            self.box.value = name
            taker.ask(question)
        except Exception as error:  # a callback would swallow it
            self.message.value = error_html(error)
            return
        self.message.value, self.last_question = "", question
        self._typed[taker.TITLE] = name if taker.KEEPS_QUESTION else ""
        self._bring_to_front(taker)

    def open_product(self, item_id: str) -> None:
        """Ask what is like a product."""
        self._bring_to_front(self.panels[SimilarItemsPanel.TITLE])
        self.ask(Question("product", item_id))

    def what_if(self, question: Question | None) -> None:
        """Change the history of a person."""
        if question is not None:
            self.panels[WhatIfPanel.TITLE].ask(question)
        self._bring_to_front(self.panels[WhatIfPanel.TITLE])

    def name_of(self, question: Question) -> str:
        """How a question is written: the title of a product, else its own text."""
        if question.kind != "product":
            return question.text
        return str(self.recommender.item(question.text)[Answers.TITLE] or question.text)

    def version_choices(self) -> list[tuple[str, str]]:
        """Versions of the dataset, for a list to choose from."""
        return version_choices(self.recommender.dataset, self.recommender.version)

    def opened_version(self, version: str) -> Recommender:
        """Another version of the same dataset."""
        if version == self.recommender.version or not version:
            return self.recommender
        return self.open_versions.get(self.recommender.dataset, version)

    def static(self) -> HTML:
        """The answer of every panel, one below the other, as HTML that needs no kernel.

        Where somebody looks at the panels themselves, it is a sentence: all answers take seconds,
        in which the panels would wait.
        """
        if is_watched():
            return HTML("<p>Run by papermill or nbconvert, this cell keeps the first answers.</p>")
        if self.warm_up is not None:
            self.warm_up.wait()
        shown = "\n".join(panel.static() for panel in self.panels.values())
        title = "The first answers, which stay in the saved notebook"
        return HTML(f"<details><summary>{title}</summary>{shown}</details>")

    def _fill(self, recommender: Recommender) -> None:
        """Build the panels for which a version has the data."""
        self.recommender, self.warm_up = recommender, None
        self._typed: dict[str, str] = {}
        self.panels = Panels(recommender, self)
        self.stack.children = tuple(self.panels.slots.values())
        self.tabs.options = list(self.panels)
        self.tabs.index = self.stack.selected_index = 0
        self.picker.show(recommender)
        self._pictures()

    @property
    def is_ready(self) -> bool:
        """Whether the blend answers at once."""
        return self.warm_up is not None and self.warm_up.ready

    def _begin(self) -> None:
        """Show the first answer before or after everything is prepared."""
        if self.background:
            self._turned()
        self.warm_up = self.panels.warm_up(background=self.background)
        self._turned()

    def _suggest(self, text: str) -> Any:
        return suggestions(self.recommender, text)

    def _chosen(self, kind: str, item_id: str) -> None:
        self.ask(Question("person" if kind == "person" else "product", item_id))

    def _sent(self, text: str) -> None:
        if text.strip():
            self.ask(question_of(self.recommender, text))

    def _bring_to_front(self, panel: Panel) -> None:
        self.tabs.index = list(self.panels).index(panel.TITLE)
        self.box.value = self._typed.get(panel.TITLE, "")

    def _turned(self, _change: Any = None) -> None:
        """Show the panel whose tab was chosen."""
        if self._quiet or self.tabs.index is None:
            return
        self.stack.selected_index = self.tabs.index
        self.box.hint = self.panel.HINT
        self.box.value = self._typed.get(self.panel.TITLE, "")
        if isinstance(self.panel, MapPanel):
            self.panel.select(self.last_question)
        self.panel.show()

    def _switch(self, dataset: Dataset, version: str | None) -> None:
        """Open another dataset or version; the old one stays where that fails."""
        self._quiet = True
        self.message.value = loading_html(f"Opening the models of {dataset.name} …")
        try:
            self._fill(self.open_versions.get(dataset, *([version] if version else [])))
            self.message.value, self.last_question = "", None
        except Exception as error:
            self.message.value = error_html(error)
            self.picker.show(self.recommender)
        finally:
            self._quiet = False
        self._begin()

    def _pictures(self, _change: Any = None) -> None:
        lists = [view for panel in self.panels.made for view in panel.card_lists()]
        link_remote([self.box, *lists], remote=self.remote.value)


def _no_answer(question: Question) -> Exception:
    what = "about people" if question.kind == "person" else "in words: pick a product"
    return QueryError(f"this version cannot be asked {what}")
