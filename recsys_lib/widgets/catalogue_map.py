"""A picture of the catalogue: products near each other are alike."""

from __future__ import annotations

from collections import Counter
from string import capwords

import numpy as np
import pandas as pd
import polars as pl
import scipy.linalg
from threadpoolctl import threadpool_limits

from recsys_lib.columns import Answers
from recsys_lib.search import facets
from recsys_lib.serving import Recommender

X, Y, CATEGORY = "x", "y", "category"
MOST_ITEMS = 5_000
_MOST_CATEGORIES = 8
OTHERS = "Others"
_TOO_MANY = 0.5
"""Share of the items: a category with more of them tells too little."""


def has_vectors(recommender: Recommender) -> dict[str, str]:
    """What the map can be made of, and how it is called."""
    kinds = {"text": recommender.product_search, "likes": recommender.als}
    names = {"text": "texts", "likes": "what the same people like"}
    return {kind: names[kind] for kind, part in kinds.items() if part is not None}


def catalogue_map(recommender: Recommender, of: str = "text", seed: int = 0) -> pd.DataFrame:
    """At most 5,000 items with their place, columns item_id, title, category, x and y.

    x and y are the two main directions (PCA) of the text vectors or of the factors of matrix
    factorization, scaled to 0 to 1.
    """
    shown, vectors = _sample(recommender, of, np.random.default_rng(seed))
    ids = shown["id"].to_list()
    places = _scaled(_main_directions(vectors)) if len(ids) else np.empty((0, 2))
    return pd.DataFrame(
        {
            Answers.ITEM: ids,
            Answers.TITLE: shown.select(pl.coalesce("title", "id")).to_series().to_list(),
            CATEGORY: _categories(recommender, ids),
            X: places[:, 0],
            Y: places[:, 1],
        }
    )


def _sample(
    recommender: Recommender, of: str, random: np.random.Generator
) -> tuple[pl.DataFrame, np.ndarray]:
    """Columns id and title of some items, and their vectors."""
    if of == "text" and recommender.product_search is not None:
        display, vectors = recommender.product_search.display, recommender.product_search.embeddings
        rows = np.arange(len(vectors))
    else:
        als = recommender.require_als()
        display, vectors = als.display, als.model.item_factors
        (rows,) = np.nonzero(als.learned)
    if len(rows) > MOST_ITEMS:
        rows = np.sort(random.choice(rows, MOST_ITEMS, replace=False))
    return display[rows.tolist()], np.asarray(vectors[rows], dtype=np.float64)


def _main_directions(vectors: np.ndarray) -> np.ndarray:
    """The two main directions of the rows, float64, shape (rows, 2); 0 where there are fewer."""
    centred, last = vectors - vectors.mean(axis=0), vectors.shape[1] - 1
    with threadpool_limits(1):  # more threads wait for each other longer than they compute
        wanted = [max(0, last - 1), last]
        _, directions = scipy.linalg.eigh(centred.T @ centred, subset_by_index=wanted)
    main = directions[:, ::-1]
    main = main * np.sign(main[np.abs(main).argmax(axis=0), np.arange(main.shape[1])])
    places = np.zeros((len(vectors), 2))
    places[:, : main.shape[1]] = centred @ main
    return places


def _scaled(places: np.ndarray) -> np.ndarray:
    low, high = places.min(axis=0), places.max(axis=0)
    return (places - low) / np.where(high > low, high - low, 1.0)


def _categories(recommender: Recommender, ids: list[str]) -> list[str]:
    """The widest categories that tell items apart; all but the most frequent are "Others".

    The first one on the path may be the same for nearly all; then the next one counts.
    """
    rows = recommender.items.ids.rows(ids)
    paths = recommender.items.facets[facets.CATEGORIES].fill_null([])[rows.tolist()].to_list()
    names = [path[0] if path else "" for path in paths]
    for depth in range(1, max(map(len, paths), default=0)):
        if Counter(names).most_common(1)[0][1] <= _TOO_MANY * len(names):
            break
        names = [path[min(depth, len(path) - 1)] if path else "" for path in paths]
    frequent = [name for name, _ in Counter(filter(None, names)).most_common(_MOST_CATEGORIES)]
    return [capwords(name) if name in frequent else OTHERS for name in names]
