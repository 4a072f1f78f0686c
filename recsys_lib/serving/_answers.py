"""What queries are answered with: one kind of table, and the counts of the status."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from recsys_lib.als import AlsModel
from recsys_lib.columns import Answers
from recsys_lib.data.database import database_counts
from recsys_lib.ids import IdMap
from recsys_lib.paths import Dataset
from recsys_lib.search import ProductSearch
from recsys_lib.serving._items import AllItems

TRAINED = "trained"
NOT_TRAINED = "not_trained"


class AnswerTables:
    """Makes answers from items and scores.

    Parameters
    ----------
    displays: what parts show of their items, columns id, title, image_url; the first one that
        knows an item counts.
    all_items: the items that answers are made of, by rows.
    """

    def __init__(self, displays: Sequence[pl.DataFrame], all_items: AllItems) -> None:
        self._items = pl.concat(displays).unique("id", keep="first", maintain_order=True)
        self._ids, self._all_items = IdMap(self._items["id"]), all_items

    def answer(self, query: str, rows: np.ndarray, scores: np.ndarray, source: str) -> pd.DataFrame:
        """The items at ``rows``, best first, all from one source."""
        shown, n = self._shown[rows], len(rows)
        # One array for all texts: pandas takes half a millisecond for each one that it checks.
        texts = pd.array(
            [query] * n
            + shown["id"].to_list()
            + shown["title"].to_list()
            + [source] * n
            + shown["image_url"].to_list(),
            dtype="str",
        )
        queries, ids, titles, sources, images = (texts[n * i : n * (i + 1)] for i in range(5))
        return pd.DataFrame(
            {
                Answers.QUERY: queries,
                Answers.ITEM: ids,
                Answers.TITLE: titles,
                Answers.SCORE: np.asarray(scores, dtype=np.float64),
                Answers.RANK: np.arange(1, n + 1),
                Answers.SOURCE: sources,
                Answers.IMAGE: images,
            },
            columns=list(Answers.ALL),
        )

    @cached_property
    def _shown(self) -> pl.DataFrame:
        """What is shown of each of all items."""
        return self._items[self._ids.rows(list(self._all_items.ids.ids()))]

    def find(self, words: str, limit: int) -> pd.DataFrame:
        """Items whose title has all the words, columns item_id and title."""
        title = pl.col("title").str.to_lowercase()
        matches = [title.str.contains(word, literal=True) for word in words.lower().split()]
        found = self._items.filter(pl.col("title").is_not_null(), *matches).head(limit)
        return found.select(pl.col("id").alias(Answers.ITEM), Answers.TITLE).to_pandas()

    def item(self, item_id: str) -> dict[str, Any]:
        """Id, title and picture of a known item."""
        return self._named.row(self._ids.row(item_id), named=True)

    @cached_property
    def _named(self) -> pl.DataFrame:
        """The items, with the columns named as in answers."""
        return self._items.select(
            pl.col("id").alias(Answers.ITEM),
            pl.col("title").alias(Answers.TITLE),
            pl.col("image_url").alias(Answers.IMAGE),
        )

    def first_ids(self, n: int) -> list[str]:
        """Ids of the first items, in the order of the first part."""
        return self._items["id"].head(n).to_list()


def status(
    dataset: Dataset, als: AlsModel | None = None, search: ProductSearch | None = None
) -> dict[str, Any]:
    """Counts of the database and the given parts, in the shape of ``GET /status``.

    Zeros and nulls stand for what is missing. ``ready`` is there only before the search is full.
    """
    return {
        "database": _counts(dataset.database),
        "matrix_factorization": {
            "status": TRAINED if als else NOT_TRAINED,
            "n_users": len(als.users) if als else 0,
            "n_items": len(als.items) if als else 0,
            "n_factors": int(als.part.parameters["factors"]) if als else None,
        },
        "similarity_search": {
            "status": TRAINED if search else NOT_TRAINED,
            "n_products": len(search.items) if search else 0,
            "embedding_dimension": search.dimension if search else None,
            **({"ready": search.ready} if search and search.ready != "full" else {}),
        },
    }


def _counts(database: Path) -> dict[str, Any]:
    """Counts of the database, taken again only when the file has changed."""
    try:
        facts = database.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {"n_ratings": 0, "n_users": 0, "n_products": 0, "avg_rating": None}
    return dict(_counted(database, facts.st_ino, facts.st_mtime_ns, facts.st_size))


@lru_cache(maxsize=8)
def _counted(database: Path, inode: int, changed: int, size: int) -> dict[str, Any]:
    """The counts of one state of the file: what is counted once stays true of it."""
    return database_counts(database)
