"""What is drawn in the browser: cards, the question box, the map, a download.

The scripts in ``static/`` set texts as text, so nothing in a catalogue becomes markup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from recsys_lib.columns import Answers
from recsys_lib.widgets.cards import letter_of, picture_url

_STATIC = Path(__file__).parent / "static"
_STYLE = (_STATIC / "explorer.css").read_text("utf-8")


def _script(name: str) -> str:
    return (_STATIC / name).read_text("utf-8")


class CardList(anywidget.AnyWidget):
    """Products as cards.

    Parameters
    ----------
    form: ``list``, ``grid`` or ``strip`` (one row that scrolls).
    on_action: called with what was done (``open``, the name of an action, ``move``), the id of the
        product, and for ``move`` the id of the one on which it was dropped.
    actions: buttons of each card, dicts with name, label and tip.
    opens: whether a click on a card opens it.
    drags: whether cards can be moved.
    """

    _esm, _css = _script("cards.js"), _STYLE
    cards: Any = traitlets.List().tag(sync=True)
    form = traitlets.Unicode("list").tag(sync=True)
    actions: Any = traitlets.List().tag(sync=True)
    opens = traitlets.Bool(True).tag(sync=True)
    drags = traitlets.Bool(False).tag(sync=True)
    remote = traitlets.Bool(True).tag(sync=True)
    nothing = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, on_action: Callable[[str, str, str], None] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._on_action = on_action
        self.on_msg(self._received)

    def _received(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        try:
            if self._on_action is not None:
                self._on_action(content["kind"], content["id"], content.get("other") or "")
        finally:
            self.send({"kind": "done"})


class QuestionBox(anywidget.AnyWidget):
    """One box for words, products and people, with suggestions while somebody types.

    Parameters
    ----------
    suggest: rows for a text, with the columns of :mod:`recsys_lib.widgets.suggestions`.
    on_choice: called with kind and id of a suggestion that was chosen.
    on_text: called with the text that was sent by Enter.
    """

    _esm, _css = _script("question_box.js"), _STYLE
    value = traitlets.Unicode("").tag(sync=True)
    hint = traitlets.Unicode("Words, a product id or a person's id").tag(sync=True)
    remote = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        suggest: Callable[[str], pd.DataFrame],
        on_choice: Callable[[str, str], None],
        on_text: Callable[[str], None],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._suggest, self._on_choice, self._on_text = suggest, on_choice, on_text
        self.on_msg(self._received)

    def _received(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        try:
            if content["kind"] == "suggest":
                rows = [_suggestion(row) for row in self._suggest(content["text"]).itertuples()]
                self.send({"kind": "suggestions", "number": content["number"], "rows": rows})
            elif content["kind"] == "choose":
                self._on_choice(content["what"], content["id"])
            else:
                self._on_text(content["text"])
        finally:
            self.send({"kind": "done"})


class CatalogueMap(anywidget.AnyWidget):
    """Products as points; ``on_open`` is called with the id of the one that was clicked."""

    _esm, _css = _script("map.js"), _STYLE
    x = traitlets.Bytes().tag(sync=True)
    y = traitlets.Bytes().tag(sync=True)
    groups: Any = traitlets.List().tag(sync=True)
    colors: Any = traitlets.List().tag(sync=True)
    points: Any = traitlets.List().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(self, on_open: Callable[[str], None], **options: Any) -> None:
        super().__init__(**options)
        self.on_msg(lambda _widget, content, _buffers: on_open(content["id"]))


class Download(anywidget.AnyWidget):
    """A button that saves a table as CSV; ``table`` returns its name and the table."""

    _esm, _css = _script("download.js"), _STYLE

    def __init__(self, table: Callable[[], tuple[str, pd.DataFrame]]) -> None:
        super().__init__()
        self._table = table
        self.on_msg(self._received)

    def _received(self, *_message: Any) -> None:
        name, table = self._table()
        self.send({"kind": "file", "name": name, "text": table.to_csv(index=False)})


def _suggestion(row: Any) -> dict[str, Any]:
    picture = picture_url(getattr(row, Answers.IMAGE))
    return {
        "kind": row.kind,
        "id": row.id,
        "label": row.label,
        "note": row.note,
        "picture": picture,
        "letter": "☺" if row.kind == "person" else letter_of(row.label),
    }


def link_remote(views: Sequence[Any], *, remote: bool) -> None:
    """Show or hide the pictures that lie on other servers."""
    for view in views:
        view.remote = remote
