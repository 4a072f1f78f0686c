"""Cards: what is shown of each product of an answer, as plain values. No widgets here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.display.tables import text_of
from recsys_lib.widgets.product_facts import Facts, ProductFacts

BADGES = "badges"
DATE = "date"
OWN_STARS = "rating"
"""Columns that an answer may have for its cards beside its own."""

_PICTURES = ("https://", "http://", "data:image/")
_LONGEST_TITLE = 600
"""Characters: a card has two lines, and its tooltip a screen."""

_FAR = "may not be meant: no word of the query, and another meaning"

Pieces = list[tuple[str, bool]]
"""A text in pieces, each with whether it is marked."""


def cards(
    answer: pd.DataFrame, facts: ProductFacts, pieces: Callable[[str], Pieces] | None = None
) -> list[dict[str, Any]]:
    """One card for each row of a table with the columns item_id and title.

    ``pieces`` says which parts of a title are marked.
    """
    known = facts.of(answer[Answers.ITEM].tolist())
    rows = answer.to_dict("records")
    most = max((row.get(Answers.SCORE) or 0 for row in rows), default=0)
    return [_card(row, fact, most, pieces) for row, fact in zip(rows, known, strict=True)]


def picture_url(value: Any) -> str:
    """The address if it can be one of a picture (http, https, data:image), else ""."""
    if not isinstance(value, str):
        return ""
    url = value.strip()
    return url if url.lower().startswith(_PICTURES) else ""


def title_of(title: Any, item_id: str) -> str:
    """The title of a product, or its id where it has none."""
    shown = title.strip()[:_LONGEST_TITLE] if isinstance(title, str) else ""
    return shown or item_id


def letter_of(title: str) -> str:
    """What stands in for a picture: the first letter or digit of the title."""
    return next((c.upper() for c in title if c.isalnum()), "?")


def _card(
    row: dict[Any, Any], facts: Facts, most: float, pieces: Callable[[str], Pieces] | None
) -> dict[str, Any]:
    item_id = str(row[Answers.ITEM])
    title, score = title_of(row[Answers.TITLE], item_id), row.get(Answers.SCORE)
    return {
        "id": item_id,
        "title": title,
        "pieces": pieces(title) if pieces else [(title, False)],
        "letter": letter_of(title),
        "picture": picture_url(row.get(Answers.IMAGE)),
        "rank": str(row.get(Answers.RANK, "")),
        "brand": facts.brand,
        "price": "" if facts.price is None else f"{facts.price:,.2f}",
        "stars": "" if facts.stars is None else f"{facts.stars:.1f}",
        "count": "" if not facts.n_ratings else f"{facts.n_ratings:,}",
        "link": facts.link,
        "reason": _text(row.get(Answers.REASON)),
        "badges": _badges(row),
        "date": _text(row.get(DATE)),
        "own_stars": _number(row.get(OWN_STARS)),
        "score": "" if score is None else text_of(score),
        "bar": None if score is None or most <= 0 else min(1.0, max(0.0, score / most)),
    }


def _badges(row: dict[Any, Any]) -> list[str]:
    badges: Sequence[str] = row.get(BADGES) or ()
    variants = row.get(Answers.VARIANTS) or ()
    stands = [f"{len(variants)} more variant{'s'[: len(variants) - 1]}"] if len(variants) else []
    rule = _text(row.get(Answers.RULE))
    ruled = [f"moved by the rule {rule}"] if rule else []
    return [*badges, *stands, *ruled, *([_FAR] if row.get(Answers.FAR) is True else [])]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    return None if value is None or value != value else float(value)  # noqa: PLR0124  # NaN
