"""What a panel shows: an answer as an HTML table, or an error in plain words. No widgets here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from recsys_lib.columns import Answers
from recsys_lib.display.plotting import COLORS
from recsys_lib.display.tables import text_of
from recsys_lib.errors import RecsysError, UnknownItemError, UnknownUserError

SCORE_NOTE = "Scores rank the rows of one answer; they are not probabilities."

_SOURCES = {
    "als": ("liked by the same users", COLORS[0]),
    "semantic": ("similar in meaning", COLORS[2]),
    "lexical": ("has the words of the query", COLORS[3]),
    "hybrid": ("matches by meaning and by words", COLORS[3]),
    "blend": ("several reasons together", COLORS[1]),
    "popular": ("popular with many users", COLORS[5]),
}
_REMEDIES = {
    UnknownItemError: "Find the product by words of its title, then pick it from the list.",
    UnknownUserError: "Pick one of the examples, or check the id: upper and lower case differ.",
}
_PICTURES = ("https://", "http://", "data:image/")
_ERROR_COLOR = COLORS[4]

_log = logging.getLogger(__name__)
_templates = Environment(
    loader=PackageLoader(__name__.rpartition(".")[0]), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True)
class AnswerView:
    """One answer as it is shown.

    Parameters
    ----------
    html: the table, or a message; every text in it is escaped.
    choices: (title, item id) of the rows, for the next query.
    failed: whether it is the message of an error.
    """

    html: str
    choices: tuple[tuple[str, str], ...] = ()
    failed: bool = False

    def _repr_html_(self) -> str:
        return self.html


def answer_view(heading: str, answer: pd.DataFrame, note: str = SCORE_NOTE) -> AnswerView:
    """An answer of the recommender, columns ``Answers.ALL``, as a table."""
    rows = [_row(record) for record in answer.to_dict("records")]
    page = _templates.get_template("answer.html.j2")
    return AnswerView(
        html=page.render(heading=heading, rows=rows, note=note),
        choices=tuple((row["title"] or row["item_id"], row["item_id"]) for row in rows),
    )


def message_view(error: Exception) -> AnswerView:
    """An error: its type, its message, and what to do about it where that is known."""
    remedy = next((text for kind, text in _REMEDIES.items() if isinstance(error, kind)), "")
    page = _templates.get_template("message.html.j2")
    kind = type(error).__name__
    html = page.render(kind=kind, text=str(error), remedy=remedy, color=_ERROR_COLOR)
    return AnswerView(html, failed=True)


def text_view(text: str) -> AnswerView:
    """A line of plain text."""
    return AnswerView(f'<div style="line-height: 1.4">{escape(text)}</div>')


def view_or_error(query: Callable[[], AnswerView]) -> AnswerView:
    """Run a query; show an error as a message, because a widget's callback would swallow it."""
    try:
        return query()
    except Exception as error:
        return logged_error(error)


def logged_error(error: Exception) -> AnswerView:
    """Log an error and return its message.

    The project's own errors explain themselves in one line; others are logged with a traceback.
    """
    known = isinstance(error, RecsysError)
    _log.log(
        logging.WARNING if known else logging.ERROR,
        "%s: %s",
        type(error).__name__,
        error,
        exc_info=None if known else error,
    )
    return message_view(error)


def picture_url(value: Any) -> str | None:
    """The address if it can be one of a picture (http, https, data:image), else None."""
    if not isinstance(value, str):
        return None
    url = value.strip()
    return url if url.lower().startswith(_PICTURES) else None


def _row(record: dict[Any, Any]) -> dict[str, Any]:
    source = str(record[Answers.SOURCE])
    meaning, color = _SOURCES.get(source, ("", COLORS[5]))
    title = record[Answers.TITLE]
    return {
        "rank": text_of(record[Answers.RANK]),
        "item_id": str(record[Answers.ITEM]),
        "title": title.strip() if isinstance(title, str) else "",
        "score": text_of(record[Answers.SCORE]),
        "source": source,
        "meaning": meaning,
        "color": color,
        "image_url": picture_url(record[Answers.IMAGE]),
    }
