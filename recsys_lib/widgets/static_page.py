"""Answers as plain HTML, for saved notebooks: every text is escaped, and no script is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(
    loader=PackageLoader(__name__.rpartition(".")[0]), autoescape=True, undefined=StrictUndefined
)


def static_list(cards: Sequence[dict[str, Any]]) -> str:
    """Cards as a table; pictures at other addresses are loaded when they come into view."""
    return _templates.get_template("cards.html.j2").render(cards=cards)
