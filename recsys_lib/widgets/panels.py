"""The panels: boxes and buttons around the queries. Constructors display nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
from IPython.display import HTML

from recsys_lib.widgets import queries
from recsys_lib.widgets.answers import AnswerView, logged_error, view_or_error
from recsys_lib.widgets.queries import RecommenderLike

DEFAULT_ROWS = 10
MOST_ROWS = 100
_EXAMPLES = 20
_MODES = [
    ("default of the index", ""),
    ("meaning and words", "hybrid"),
    ("meaning", "semantic"),
    ("words", "lexical"),
]
_NO_CHOICE = [("nothing to choose from", "")]
_WIDE = {"width": "520px"}
_LABEL = {"description_width": "90px"}


class Panel(widgets.VBox):
    """Controls on top, the answer below, and a way to continue from one of its rows.

    A subclass says which query the controls make (:meth:`query_values`) and answers it
    (:meth:`answer_query`). The first answer is kept for :meth:`static`.
    """

    def __init__(self, recommender: RecommenderLike, button: str) -> None:
        self.recommender = recommender
        self.rows = widgets.BoundedIntText(
            DEFAULT_ROWS, 1, MOST_ROWS, description="Rows", layout={"width": "160px"}, style=_LABEL
        )
        self.button = widgets.Button(description=button, button_style="primary")
        self.answer = widgets.HTML()
        self.results = _pick_list("Continue from")
        self.more = widgets.Button(description="Similar items")
        self._on_similar: Callable[[str, str], None] | None = None
        self._answered: tuple[Any, ...] | None = None
        super().__init__()

    def query_values(self) -> tuple[Any, ...]:
        """The values of the controls that make the query."""
        raise NotImplementedError

    def answer_query(self) -> AnswerView:
        """The answer to the query; may raise."""
        raise NotImplementedError

    def refresh(self, _change: Any = None) -> None:
        """Answer the query of the controls, unless its answer is already shown."""
        if self.query_values() != self._answered:
            view = view_or_error(self.answer_query)
            self._answered = None if view.failed else self.query_values()
            self.show(view)

    def show(self, view: AnswerView) -> None:
        """Put an answer, or a message, below the controls."""
        self.answer.value = view.html
        self._shown = {item: title for title, item in view.choices}
        choices = [(_label(title, item), item) for title, item in view.choices]
        self.results.options = choices or _NO_CHOICE
        self.results.disabled = self.more.disabled = not view.choices

    def static(self) -> HTML:
        """The first answer as plain HTML, which needs no running kernel."""
        return HTML(self.first.html)

    def on_similar(self, callback: Callable[[str, str], None]) -> None:
        """Call ``callback(item_id, title)`` when the user continues from a row."""
        self._on_similar = callback

    def _start(self, *controls: widgets.Widget, first: Callable[[], AnswerView]) -> None:
        """Lay out, show the first answer, and only then listen to the controls."""
        below = widgets.HBox([self.results, self.more])
        self.children = (*controls, widgets.HBox([self.rows, self.button]), self.answer, below)
        self.first = view_or_error(first)
        self._answered = None if self.first.failed else self.query_values()
        self.show(self.first)
        self.button.on_click(self.refresh)
        self.rows.observe(self.refresh, "value")
        self.more.on_click(self._continue)

    def _continue(self, _button: widgets.Button) -> None:
        if self._on_similar and self.results.value:
            self._on_similar(self.results.value, self._shown[self.results.value])


class SimilarItemsPanel(Panel):
    """Items like one item, given by its id or found by words of its title."""

    def __init__(self, recommender: RecommenderLike) -> None:
        super().__init__(recommender, "Show similar")
        self.words = _text("Find", "words of the title")
        self.matches = _pick_list("Pick")
        self.item = _text("Item id", "id of a product")
        self._titles: dict[str, str] = {}
        self._start(self.words, self.matches, self.item, first=self._first)
        self.words.observe(self._find, "value")
        self.matches.observe(self._pick, "value")
        self.item.observe(self.refresh, "value")
        self.on_similar(self.go_to)

    def query_values(self) -> tuple[Any, ...]:
        """Item and number of rows."""
        return self.item.value.strip(), self.rows.value

    def answer_query(self) -> AnswerView:
        """Items like the item in the box."""
        item_id, n = self.query_values()
        view = queries.similar_items(self.recommender, item_id, n, self._titles.get(item_id, ""))
        self._titles.update({item: title for title, item in view.choices})
        return view

    def go_to(self, item_id: str, title: str = "") -> None:
        """Show items like this one."""
        if title:
            self._titles[item_id] = title
        self.item.value = item_id

    def _first(self) -> AnswerView:
        self._find_items("")
        examples = self.recommender.example_items(1)
        self.item.value = examples[0] if examples else ""
        return self.answer_query()

    def _find_items(self, words: str) -> None:
        found = queries.matching_items(self.recommender, words)
        self._titles.update({item_id: title for title, item_id in found})
        hint = f"{len(found)} found: pick one" if found else "no title has all these words"
        self.matches.options = [(hint, ""), *((_label(title, item), item) for title, item in found)]

    def _find(self, change: Any) -> None:
        try:
            self._find_items(change["new"])
        except Exception as error:
            self.show(logged_error(error))

    def _pick(self, change: Any) -> None:
        if change["new"]:
            self.item.value = change["new"]


class UserPanel(Panel):
    """Recommendations for a known user."""

    def __init__(self, recommender: RecommenderLike) -> None:
        super().__init__(recommender, "Recommend")
        self.examples = _pick_list("Pick")
        self.user = _text("User id", "id of a user")
        self.hide_owned = widgets.Checkbox(True, description="Hide items they already have")
        self._start(self.examples, self.user, self.hide_owned, first=self._first)
        self.examples.observe(self._pick, "value")
        self.user.observe(self.refresh, "value")
        self.hide_owned.observe(self.refresh, "value")

    def query_values(self) -> tuple[Any, ...]:
        """User, number of rows, whether owned items are hidden."""
        return self.user.value.strip(), self.rows.value, self.hide_owned.value

    def answer_query(self) -> AnswerView:
        """Recommendations for the user in the box."""
        return queries.recommendations(self.recommender, *self.query_values())

    def _first(self) -> AnswerView:
        users = self.recommender.example_users(_EXAMPLES)
        hint = "users with long histories: pick one"
        self.examples.options = [(hint, ""), *((user, user) for user in users)]
        self.user.value = users[0] if users else ""
        return self.answer_query()

    def _pick(self, change: Any) -> None:
        if change["new"]:
            self.user.value = change["new"]


class SearchPanel(Panel):
    """Products for a query in plain words, sent by Enter or the button."""

    def __init__(self, recommender: RecommenderLike, query: str | None = None) -> None:
        super().__init__(recommender, "Search")
        self.query = _text("Search", "what you are looking for, in your own words")
        self.mode = _pick_list("By")
        self.mode.options = _MODES
        self._start(self.query, self.mode, first=lambda: self._first(query))
        self.query.observe(self.refresh, "value")
        self.mode.observe(self.refresh, "value")

    def query_values(self) -> tuple[Any, ...]:
        """Words, number of rows, and mode."""
        return self.query.value.strip(), self.rows.value, self.mode.value or None

    def answer_query(self) -> AnswerView:
        """Products for the words in the box."""
        return queries.search(self.recommender, *self.query_values())

    def _first(self, query: str | None) -> AnswerView:
        self.query.value = queries.example_query(self.recommender) if query is None else query
        return self.answer_query()


def _text(label: str, hint: str) -> widgets.Text:
    """A box that reports its value on Enter or when it loses focus, not at every key."""
    return widgets.Text(
        description=label, placeholder=hint, continuous_update=False, layout=_WIDE, style=_LABEL
    )


def _label(title: str, item_id: str) -> str:
    """An entry of a pick list; the id tells apart two products of one title."""
    return f"{title}  [{item_id}]"


def _pick_list(label: str) -> widgets.Dropdown:
    """A list that always has an entry.

    When an empty list gets entries, the browser selects the first one, but the kernel none.
    """
    return widgets.Dropdown(description=label, options=_NO_CHOICE, layout=_WIDE, style=_LABEL)
