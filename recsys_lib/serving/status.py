"""What there is to serve, in the shape of ``GET /status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_lib.data.database import database_counts
from recsys_lib.paths import Dataset

if TYPE_CHECKING:
    from recsys_lib.serving.recommender import Recommender

READY = "ready"
NOT_TRAINED = "not_trained"


def status(dataset: Dataset, recommender: Recommender | None = None) -> dict[str, Any]:
    """Counts of the database and of the models; zeros and nulls for what is not there yet."""
    counts: dict[str, Any] = {"n_ratings": 0, "n_users": 0, "n_products": 0, "avg_rating": None}
    if dataset.database.is_file():
        counts = database_counts(dataset.database)
    als = recommender.als if recommender else None
    search = recommender.semantic if recommender else None
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
