"""The explorer: all panels in one place, or a message when no model is trained yet."""

from __future__ import annotations

import ipywidgets as widgets
from IPython.display import HTML

from recsys_lib.errors import NotTrainedError
from recsys_lib.paths import Dataset
from recsys_lib.serving import Recommender
from recsys_lib.widgets.answers import message_view, view_or_error
from recsys_lib.widgets.panels import SearchPanel, SimilarItemsPanel, UserPanel
from recsys_lib.widgets.queries import RecommenderLike, status_line

CHAMPION = "champion"


class Explorer(widgets.VBox):
    """Similar items, recommendations and search in three tabs, below a line about the models.

    ``query`` is the first search; by default it is words from a title of the catalogue.
    """

    def __init__(self, recommender: RecommenderLike, query: str | None = None) -> None:
        self.similar = SimilarItemsPanel(recommender)
        self.user = UserPanel(recommender)
        self.search = SearchPanel(recommender, query)
        self.tabs = widgets.Tab([self.similar, self.user, self.search])
        self.tabs.titles = ("Similar items", "For a user", "Search")
        self.status = widgets.HTML(view_or_error(lambda: status_line(recommender)).html)
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
    """Takes the place of the explorer, and says how to train."""

    def __init__(self, error: NotTrainedError) -> None:
        super().__init__(message_view(error).html)

    def static(self) -> HTML:
        """The message as plain HTML."""
        return HTML(self.value)


def open_explorer(dataset: str, version: str = CHAMPION) -> Explorer | NothingTrained:
    """Open the explorer of a model version.

    Parameters
    ----------
    dataset
        A name under data/raw/, or an absolute path.
    version
        Name of a version; by default the champion.

    Returns
    -------
    Explorer or NothingTrained
        Tabs to show as the last value of a cell. Without a trained model it is a message that
        names the command to run. Both have ``static()``, which needs no running kernel.

    Raises
    ------
    ArtifactError
        When a file of the version is missing or damaged.

    Examples
    --------
    >>> from recsys_lib.widgets import open_explorer
    >>> explorer = open_explorer("sample")  # doctest: +SKIP
    >>> explorer.static()  # doctest: +SKIP
    """
    path = None if version == CHAMPION else Dataset.find(dataset).version(version)
    try:
        return Explorer(Recommender.load(path, dataset=dataset))
    except NotTrainedError as error:
        return NothingTrained(error)
