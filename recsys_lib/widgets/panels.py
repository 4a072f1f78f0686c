"""The panels: boxes and buttons around the questions. Nothing is displayed by a constructor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML

from recsys_lib.widgets import questions
from recsys_lib.widgets.answers import AnswerView, answered, reported
from recsys_lib.widgets.questions import Answering

DEFAULT_ROWS = 10
MOST_ROWS = 100
_EXAMPLES = 20
_MODES = [
    ("what the index was built for", ""),
    ("meaning and words", "hybrid"),
    ("meaning", "semantic"),
    ("words", "lexical"),
]
_NO_CHOICE = [("nothing to choose from", "")]
_WIDE = {"width": "520px"}
_LABEL = {"description_width": "90px"}


class Panel(widgets.VBox):
    """Controls on top, the answer below, and a way to go on from one of its rows.

    A subclass says what to ask (:meth:`question`) and what makes one question differ from
    another (:meth:`asked`). The first answer is kept for :meth:`static`.
    """

    def __init__(self, recommender: Answering, button: str) -> None:
        self.recommender = recommender
        self.rows = widgets.BoundedIntText(
            DEFAULT_ROWS, 1, MOST_ROWS, description="Rows", layout={"width": "160px"}, style=_LABEL
        )
        self.button = widgets.Button(description=button, button_style="primary")
        self.answer = widgets.HTML()
        self.results = _pick_list("Go on from")
        self.go_on = widgets.Button(description="Similar items")
        self._on_similar: Callable[[str, str], None] | None = None
        self._last: tuple[Any, ...] | None = None
        super().__init__()

    def question(self) -> AnswerView:
        """Ask what the controls say; may raise."""
        raise NotImplementedError

    def asked(self) -> tuple[Any, ...]:
        """The values of the controls that make a question."""
        raise NotImplementedError

    def ask(self, _change: Any = None) -> None:
        """Show the answer to what the controls say, unless it is shown already."""
        if self.asked() != self._last:
            view = answered(self.question)
            self._last = None if view.failed else self.asked()
            self.show(view)

    def show(self, view: AnswerView) -> None:
        """Put an answer, or a message, below the controls."""
        self.answer.value = view.html
        self._shown = {item: title for title, item in view.choices}
        choices = [(_label(title, item), item) for title, item in view.choices]
        self.results.options = choices or _NO_CHOICE
        self.results.disabled = self.go_on.disabled = not view.choices

    def static(self) -> HTML:
        """The first answer as plain HTML, which is there without a live kernel, too."""
        return HTML(self.first.html)

    def on_similar(self, callback: Callable[[str, str], None]) -> None:
        """Call ``callback(item_id, title)`` when the user goes on from a row."""
        self._on_similar = callback

    def _start(self, *controls: widgets.Widget, first: Callable[[], AnswerView]) -> None:
        """Lay out, show the first answer, and only then listen."""
        below = widgets.HBox([self.results, self.go_on])
        self.children = (*controls, widgets.HBox([self.rows, self.button]), self.answer, below)
        self.first = answered(first)
        self._last = None if self.first.failed else self.asked()
        self.show(self.first)
        self.button.on_click(self.ask)
        self.rows.observe(self.ask, "value")
        self.go_on.on_click(self._go_on)

    def _go_on(self, _button: widgets.Button) -> None:
        if self._on_similar and self.results.value:
            self._on_similar(self.results.value, self._shown[self.results.value])


class SimilarItemsPanel(Panel):
    """Items like one item, which is named by its id or found by words of its title."""

    def __init__(self, recommender: Answering) -> None:
        super().__init__(recommender, "Show similar")
        self.words = _text("Find", "words of the title")
        self.matches = _pick_list("Pick")
        self.item = _text("Item id", "id of a product")
        self._titles: dict[str, str] = {}
        self._start(self.words, self.matches, self.item, first=self._first)
        self.words.observe(self._find, "value")
        self.matches.observe(self._pick, "value")
        self.item.observe(self.ask, "value")
        self.on_similar(self.go_to)

    def asked(self) -> tuple[Any, ...]:
        """Item and number of rows."""
        return self.item.value.strip(), self.rows.value

    def question(self) -> AnswerView:
        """What is like the item in the box."""
        item_id, n = self.asked()
        view = questions.similar_items(self.recommender, item_id, n, self._titles.get(item_id, ""))
        self._titles.update({item: title for title, item in view.choices})
        return view

    def go_to(self, item_id: str, title: str = "") -> None:
        """Show what is like this item."""
        if title:
            self._titles[item_id] = title
        self.item.value = item_id

    def _first(self) -> AnswerView:
        self._find_items("")
        examples = self.recommender.example_items(1)
        self.item.value = examples[0] if examples else ""
        return self.question()

    def _find_items(self, words: str) -> None:
        found = questions.matching_items(self.recommender, words)
        self._titles.update({item_id: title for title, item_id in found})
        hint = f"{len(found)} found: pick one" if found else "no title has all these words"
        self.matches.options = [(hint, ""), *((_label(title, item), item) for title, item in found)]

    def _find(self, change: Any) -> None:
        try:
            self._find_items(change["new"])
        except Exception as error:
            self.show(reported(error))

    def _pick(self, change: Any) -> None:
        if change["new"]:
            self.item.value = change["new"]


class UserPanel(Panel):
    """What a known user may like."""

    def __init__(self, recommender: Answering) -> None:
        super().__init__(recommender, "Recommend")
        self.examples = _pick_list("Pick")
        self.user = _text("User id", "id of a user")
        self.hide_owned = widgets.Checkbox(True, description="Hide what they already have")
        self._start(self.examples, self.user, self.hide_owned, first=self._first)
        self.examples.observe(self._pick, "value")
        self.user.observe(self.ask, "value")
        self.hide_owned.observe(self.ask, "value")

    def asked(self) -> tuple[Any, ...]:
        """User, number of rows, whether owned items are hidden."""
        return self.user.value.strip(), self.rows.value, self.hide_owned.value

    def question(self) -> AnswerView:
        """What the user in the box may like."""
        return questions.recommendations(self.recommender, *self.asked())

    def _first(self) -> AnswerView:
        users = self.recommender.example_users(_EXAMPLES)
        hint = "users with long histories: pick one"
        self.examples.options = [(hint, ""), *((user, user) for user in users)]
        self.user.value = users[0] if users else ""
        return self.question()

    def _pick(self, change: Any) -> None:
        if change["new"]:
            self.user.value = change["new"]


class SearchPanel(Panel):
    """Products for a question in plain words; Enter or the button asks."""

    def __init__(self, recommender: Answering, query: str | None = None) -> None:
        super().__init__(recommender, "Search")
        self.query = _text("Search", "what you are looking for, in your own words")
        self.mode = _pick_list("By")
        self.mode.options = _MODES
        self._start(self.query, self.mode, first=lambda: self._first(query))
        self.query.observe(self.ask, "value")
        self.mode.observe(self.ask, "value")

    def asked(self) -> tuple[Any, ...]:
        """Words, number of rows, and mode."""
        return self.query.value.strip(), self.rows.value, self.mode.value or None

    def question(self) -> AnswerView:
        """What is found for the words in the box."""
        return questions.search(self.recommender, *self.asked())

    def _first(self, query: str | None) -> AnswerView:
        self.query.value = questions.example_query(self.recommender) if query is None else query
        return self.question()


def _text(label: str, hint: str) -> widgets.Text:
    """A box that speaks when Enter is pressed or it is left, not at every key."""
    return widgets.Text(
        description=label, placeholder=hint, continuous_update=False, layout=_WIDE, style=_LABEL
    )


def _label(title: str, item_id: str) -> str:
    """What a pick-list says: two products can have one title, but not one id."""
    return f"{title}  [{item_id}]"


def _pick_list(label: str) -> widgets.Dropdown:
    """A list that always has an entry: an empty one selects nothing when it gets some.

    The browser and the kernel would then disagree about what is selected.
    """
    return widgets.Dropdown(description=label, options=_NO_CHOICE, layout=_WIDE, style=_LABEL)
