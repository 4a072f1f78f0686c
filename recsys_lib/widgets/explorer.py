"""The explorer: all panels in one place, or a message when there is nothing to explore yet."""

from __future__ import annotations

import ipywidgets as widgets
from IPython.display import HTML

from recsys_lib.errors import NotTrainedError
from recsys_lib.paths import Dataset
from recsys_lib.serving.recommender import Recommender
from recsys_lib.widgets import questions
from recsys_lib.widgets.answers import answered, message_view
from recsys_lib.widgets.panels import SearchPanel, SimilarItemsPanel, UserPanel
from recsys_lib.widgets.questions import Answering

CHAMPION = "champion"


class Explorer(widgets.VBox):
    """Similar items, recommendations and search in three tabs, and a line on what is explored.

    ``query`` is the first search; without it the words come from a title of the catalogue.
    """

    def __init__(self, recommender: Answering, query: str | None = None) -> None:
        self.similar = SimilarItemsPanel(recommender)
        self.user = UserPanel(recommender)
        self.search = SearchPanel(recommender, query)
        self.tabs = widgets.Tab([self.similar, self.user, self.search])
        self.tabs.titles = ("Similar items", "For a user", "Search")
        self.status = widgets.HTML(answered(lambda: questions.status_line(recommender)).html)
        self.user.on_similar(self._show_similar)
        self.search.on_similar(self._show_similar)
        super().__init__([self.status, self.tabs])

    def static(self) -> HTML:
        """The first answer of every panel, one below the other, as plain HTML."""
        panels = (self.similar, self.user, self.search)
        return HTML("\n".join([self.status.value, *(panel.first.html for panel in panels)]))

    def _show_similar(self, item_id: str, title: str) -> None:
        self.similar.go_to(item_id, title)
        self.tabs.selected_index = 0


class NothingTrained(widgets.HTML):
    """Stands where the explorer would be, and says how to train."""

    def __init__(self, error: NotTrainedError) -> None:
        super().__init__(message_view(error).html)

    def static(self) -> HTML:
        """The message as plain HTML."""
        return HTML(self.value)


def open_explorer(dataset: str, version: str = CHAMPION) -> Explorer | NothingTrained:
    """The explorer of a dataset's champion, or of one of its versions by name."""
    path = None if version == CHAMPION else Dataset.find(dataset).version(version)
    try:
        return Explorer(Recommender.load(path, dataset=dataset))
    except NotTrainedError as error:
        return NothingTrained(error)
