"""A person: what they took, and what is recommended to them."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pandas as pd

from recsys_lib.columns import Answers, Ratings
from recsys_lib.data.database import reading
from recsys_lib.data.units import ORDER_BELOW
from recsys_lib.errors import ArtifactError
from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import DATE, OWN_STARS

HISTORY_COLUMNS = (Answers.ITEM, Answers.TITLE, Answers.IMAGE, DATE, OWN_STARS)
_PLAIN_REASONS = {
    "als": "bought by the same people",
    "semantic": "reads alike",
    "popular": "popular with many people",
    "blend": "several reasons together",
}


def history(recommender: Recommender, user_id: str, n: int = 50) -> pd.DataFrame:
    """What a known person took, columns ``HISTORY_COLUMNS``, the newest first.

    Dates and stars are those of the database, missing where it knows none.
    """
    als = recommender.require_als()
    row = als.users.row(user_id)
    known = _dated(recommender, user_id)
    ids = list(als.items.ids(als.histories.newest_first(row)))
    if known.keys() >= set(ids):
        ids.sort(key=lambda item: -known[item][1])
    rows = [_taken(recommender, item, *known.get(item, (None, None))) for item in ids[:n]]
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS))


def recommended(
    recommender: Recommender, user_id: str, n: int, repeats: str, **wishes: object
) -> pd.DataFrame:
    """The answer of :meth:`Recommender.recommend`, with a reason in every row."""
    answer = recommender.recommend(user_id, n, repeats=repeats, **wishes)  # type: ignore[arg-type]
    return with_reasons(answer)


def with_reasons(answer: pd.DataFrame) -> pd.DataFrame:
    """The answer with a reason in plain words; that of the blend where there is one."""
    plain = answer[Answers.SOURCE].map(_PLAIN_REASONS).astype(object)
    said = answer.get(Answers.REASON)
    reasons = plain if said is None else said.astype(object).where(said.notna(), plain)
    return answer.assign(**{Answers.REASON: reasons})


def _dated(recommender: Recommender, user_id: str) -> dict[str, tuple[float | None, int]]:
    """Rating and time, in milliseconds, of each item of a person in the database."""
    database = recommender.dataset.database
    if not database.is_file():
        return {}
    query = (
        f"SELECT {Ratings.ITEM}, {Ratings.RATING}, {Ratings.TIMESTAMP} "
        f"FROM {Ratings.TABLE} WHERE {Ratings.USER} = ?"
    )
    try:
        with reading(database) as connection:
            found = connection.execute(query, (user_id,)).fetchall()
    except (sqlite3.Error, ArtifactError):  # being replaced: the version itself knows the items
        return {}
    return {item: (rating, timestamp) for item, rating, timestamp in found}


def _taken(
    recommender: Recommender, item_id: str, rating: float | None, timestamp: int | None
) -> tuple[object, ...]:
    known = recommender.item(item_id)
    dated = timestamp is not None and timestamp >= ORDER_BELOW
    date = datetime.fromtimestamp((timestamp or 0) / 1000, UTC).date().isoformat() if dated else ""
    return item_id, known[Answers.TITLE], known[Answers.IMAGE], date, rating
