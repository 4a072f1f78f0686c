"""Counts of the database and the models, in the shape of ``GET /status``."""

from __future__ import annotations

from typing import Any

from recsys_lib.als import AlsModel
from recsys_lib.data.database import database_counts
from recsys_lib.paths import Dataset
from recsys_lib.search import ProductSearch

READY = "ready"
NOT_TRAINED = "not_trained"


def status(
    dataset: Dataset, als: AlsModel | None = None, search: ProductSearch | None = None
) -> dict[str, Any]:
    """Counts of the database and the given parts; zeros and nulls for what is missing."""
    counts: dict[str, Any] = {"n_ratings": 0, "n_users": 0, "n_products": 0, "avg_rating": None}
    if dataset.database.is_file():
        counts = database_counts(dataset.database)
    return {
        "database": counts,
        "matrix_factorization": {
            "status": READY if als else NOT_TRAINED,
            "n_users": len(als.users) if als else 0,
            "n_items": len(als.items) if als else 0,
            "n_factors": int(als.part.parameters["factors"]) if als else None,
        },
        "similarity_search": {
            "status": READY if search else NOT_TRAINED,
            "n_products": len(search.items) if search else 0,
            "embedding_dimension": search.dimension if search else None,
        },
    }
