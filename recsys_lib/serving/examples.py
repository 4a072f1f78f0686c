"""What a version answers, by example: a few people with their history and recommendations.

``python -m recsys_lib.serving.examples`` reads the folder of a version from standard input and
prints its examples as JSON. A run starts it early, so that everything is imported when the version
is there, and the memory of the models is gone when it ends.
"""

from __future__ import annotations

import hashlib
import json
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from recsys_lib.columns import Answers
from recsys_lib.data.units import ORDER_BELOW
from recsys_lib.paths import INTERACTION_FILES
from recsys_lib.serving.recommender import Recommender

_PEOPLE = 3
_RECOMMENDED = 5
_NEWEST = 5
_TYPICAL = (3, 12)
"""A history of so many items says what somebody likes, and fits on a screen."""

_SHOWN = [Answers.ITEM, Answers.TITLE, Answers.SOURCE, Answers.IMAGE]


def examples(recommender: Recommender) -> dict[str, Any]:
    """People whom the version serves; of a catalogue without ratings, a search.

    Parameters
    ----------
    recommender
        The open version.

    Returns
    -------
    dict
        ``people``: a list of ``user_id``, ``n_items``, ``history`` (the newest first: ``item_id``,
        ``title``, ``image_url``, ``date`` or None, ``rating``) and ``recommendations``
        (``item_id``, ``title``, ``source``, ``image_url``, ``reason`` or None). ``searches``: a
        list of ``query`` and ``results``, empty where there are people.

    Examples
    --------
    >>> examples(Recommender.load())["people"][0]["user_id"]  # doctest: +SKIP
    'AHGKW2FIN35O3FAPCBMZ5SMUN7TZ'
    """
    if recommender.als is None:
        return {"people": [], "searches": _searches(recommender)}
    taken = _interactions(recommender)
    users = typical_users(recommender, taken, _PEOPLE)
    people = [_person(recommender, user, taken) for user in users]
    return {"people": people, "searches": []}


def history(
    recommender: Recommender, user_id: str, n: int, taken: pl.DataFrame | None = None
) -> dict[str, Any]:
    """How many items a known user has, and the n newest: ``n_items`` and ``history``, as above.

    ``taken`` saves reading the interactions again.
    """
    rows = _history(recommender, user_id, _interactions(recommender) if taken is None else taken)
    newest = [_taken(recommender, *row) for row in rows.head(n).iter_rows()]
    return {"n_items": len(rows), "history": newest}


def _person(recommender: Recommender, user_id: str, taken: pl.DataFrame) -> dict[str, Any]:
    answer = recommender.recommend(user_id, n=_RECOMMENDED)
    columns = _SHOWN + [name for name in (Answers.REASON,) if name in answer]
    return {
        "user_id": user_id,
        **history(recommender, user_id, _NEWEST, taken),
        "recommendations": [{Answers.REASON: None, **row} for row in _records(answer[columns])],
    }


def typical_users(recommender: Recommender, taken: pl.DataFrame, n: int) -> list[str]:
    """Who came last, among people with a history of typical length; else with the longest ones.

    The order of lines and ids decides nothing.
    """
    als = recommender.require_als()
    lengths = np.diff(als.histories.indptr)
    fewest, most = _TYPICAL
    fits = np.flatnonzero((lengths >= fewest) & (lengths <= most))
    if not len(fits):
        fits = np.flatnonzero(lengths == lengths.max())
    last = np.zeros(len(als.users), dtype=np.int64)
    if len(taken):
        newest = taken.group_by("user").agg(pl.col("timestamp").max())
        last[newest["user"].to_numpy()] = newest["timestamp"].to_numpy()
    moment = last[fits]
    if len(fits) > n:  # all that can be among the first n, with everybody of the same moment
        border = np.partition(moment, len(fits) - n)[len(fits) - n]
        fits = fits[moment >= border]
    ids = list(als.users.ids(fits))
    order = sorted(zip(-last[fits], map(_shuffled, ids), ids, strict=True))
    return [user for *_, user in order[:n]]


def _interactions(recommender: Recommender) -> pl.DataFrame:
    """Columns user, item, rating and timestamp, by the rows of the ALS part; empty if unknown.

    They are those of the ETL, if the version was trained on the same ids.
    """
    columns = ["user", "item", "rating", "timestamp"]
    folder = recommender.dataset.processed
    als = recommender.require_als()
    files = [folder / name for name in INTERACTION_FILES]
    if all(file.is_file() for file in files):
        rows, users, items = files
        same = _ids(users).equals(als.users.series()) and _ids(items).equals(als.items.series())
        if same:
            return pl.read_parquet(rows, columns=columns, glob=False)
    return pl.DataFrame(schema=dict.fromkeys(columns, pl.Int64()))


def _ids(file: Any) -> pl.Series:
    return pl.read_parquet(file, columns=["id"], glob=False)["id"]


def _history(recommender: Recommender, user_id: str, taken: pl.DataFrame) -> pl.DataFrame:
    """Columns item, rating and timestamp, the newest first."""
    als = recommender.require_als()
    row = als.users.row(user_id)
    if not len(taken):
        items = als.histories.newest_first(row)
        return pl.DataFrame({"item": items}).with_columns(rating=None, timestamp=None)
    own = taken.filter(pl.col("user") == row)
    return own.sort("timestamp", "item", descending=[True, False]).drop("user")


def _taken(
    recommender: Recommender, row: int, rating: float | None, timestamp: int | None
) -> dict[str, Any]:
    known = recommender.item(str(recommender.require_als().items.ids([row])[0]))
    dated = timestamp is not None and timestamp >= ORDER_BELOW
    date = datetime.fromtimestamp((timestamp or 0) / 1000, UTC).date() if dated else None
    return {**known, "date": date.isoformat() if date else None, "rating": rating}


def _searches(recommender: Recommender) -> list[dict[str, Any]]:
    query = _typical_query(recommender)
    if not query:
        return []
    found = recommender.search(query, top_k=_RECOMMENDED)
    return [{"query": query, "results": _records(found[_SHOWN])}]


def _typical_query(recommender: Recommender) -> str:
    """The category that most products have as their narrowest one; else words of a title."""
    kinds = recommender.items.facets["categories"].drop_nulls()
    narrowest = kinds.filter(kinds.list.len() > 0).list.last()
    if len(narrowest):
        counts = narrowest.value_counts(name="n").sort(
            "n", narrowest.name, descending=[True, False]
        )
        return str(counts[narrowest.name][0])
    titles = recommender.find_items("", limit=len(recommender.items))[Answers.TITLE]
    first = min((title for title in titles if title.split()), key=_shuffled, default="")
    return " ".join(first.split()[:3])


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict("records")


def _shuffled(text: str) -> str:
    """Sorts texts in an order that nobody chose."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def main() -> None:
    """Wait for the folder of a version on standard input, then print its examples."""
    folder = sys.stdin.readline().rstrip("\n")
    if folder:
        print(json.dumps(examples(Recommender.load(folder, rules=False))))


if __name__ == "__main__":
    main()
