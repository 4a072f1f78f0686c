"""Messages in place of an answer: an error in plain words, and what to do about it."""

from __future__ import annotations

import logging
from html import escape

from recsys_lib.errors import NotTrainedError, RecsysError, UnknownItemError, UnknownUserError

_REMEDIES = {
    UnknownItemError: "Type words of its title into the box and pick it from the list.",
    UnknownUserError: "Pick one of the people that the empty box suggests.",
}
_UNEXPECTED = "This should not have happened; the log of the notebook says more. "

_log = logging.getLogger(__name__)


def message_html(text: str, *, alert: bool = False) -> str:
    """A sentence in a frame; ``alert`` for what went wrong."""
    role = ' role="alert"' if alert else ""
    return f'<div class="rx-message"{role} style="{_FRAME}">{escape(text)}</div>'


def loading_html(text: str) -> str:
    """A sentence with a sign that something is being done."""
    return f'<div class="rx-loading" role="status" style="padding: 6px 0">{escape(text)}</div>'


def error_html(error: Exception) -> str:
    """Log an error and say it in words.

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
    return message_html(error_text(error), alert=not isinstance(error, NotTrainedError))


def error_text(error: Exception) -> str:
    """What went wrong, and what to do about it where that is known."""
    remedy = next((text for kind, text in _REMEDIES.items() if isinstance(error, kind)), "")
    if isinstance(error, RecsysError):
        text = str(error)
        return f"{text[:1].upper()}{text[1:]}{'. ' if remedy else ''}{remedy}"
    return f"{_UNEXPECTED}{type(error).__name__}: {error}"


_FRAME = "margin: 6px 0; padding: 8px 12px; border-left: 3px solid #2456a6; overflow-wrap: anywhere"
"""The same as in the style sheet, which a saved notebook does not have."""
