"""Open the explorer, and say meanwhile what is being done: the models take some seconds."""

# ruff: noqa: PLC0415  # the sign must be seen before anything large is imported

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from IPython.core.getipython import get_ipython
from IPython.display import HTML, display

from recsys_lib.errors import NotTrainedError
from recsys_lib.imports import without_collection
from recsys_lib.paths import Dataset
from recsys_lib.widgets.messages import error_text, loading_html, message_html

if TYPE_CHECKING:
    from recsys_lib.widgets.explorer import Explorer

CHAMPION = "champion"


class NothingTrained(HTML):
    """Takes the place of the explorer, and says how to train."""

    def __init__(self, error: NotTrainedError) -> None:
        super().__init__(message_html(error_text(error)))

    def static(self) -> HTML:
        """The message."""
        return self


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
        Panels to show as the last value of a cell. Without a trained model it is a message that
        names the command to run. Both have ``static()``, which needs no running kernel.

    Raises
    ------
    ParameterError
        When there is no such dataset.
    ArtifactError
        When a file of the version is missing or damaged.

    Examples
    --------
    >>> from recsys_lib.widgets import open_explorer
    >>> explorer = open_explorer("sample")  # doctest: +SKIP
    >>> explorer.panels["Search"].results  # doctest: +SKIP
    """
    found = Dataset.find(dataset)
    with _sign(f"Opening the models of {found.name} …"), without_collection():
        from recsys_lib.widgets.explorer import Explorer
        from recsys_lib.widgets.trained import OpenVersions

        try:
            return Explorer(OpenVersions().get(found, version))
        except NotTrainedError as error:
            return NothingTrained(error)


@contextmanager
def _sign(text: str) -> Iterator[None]:
    """A line that is there while something is being done, in a notebook."""
    shown = display(HTML(loading_html(text)), display_id=True) if get_ipython() else None
    try:
        yield
    finally:
        if shown is not None:
            shown.update({"text/html": "", "text/plain": ""}, raw=True)
