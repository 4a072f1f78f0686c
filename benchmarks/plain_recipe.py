"""The plain recipe of the field, step by step: what most scripts do, with the usual libraries.

json.loads per line, executemany in batches of 10,000, an index each for user, item and catalogue
key; implicit's ALS by conjugate gradient; SentenceTransformer.encode in float32; IndexFlatIP;
implicit's evaluation. It checks nothing, keeps duplicates, and skips lines that are not JSON.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from threadpoolctl import threadpool_limits

from recsys_lib.columns import Products, Ratings

_BATCH = 10_000
_SEED = 11


def load(raw: Path, database: Path) -> None:
    """Both files of JSON lines into the two tables, with three indexes."""
    database.unlink(missing_ok=True)
    with closing(sqlite3.connect(database)) as connection:
        for table, columns, file in (
            (Ratings.TABLE, Ratings.ALL, "reviews.jsonl"),
            (Products.TABLE, Products.ALL, "meta.jsonl"),
        ):
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            marks = ", ".join("?" * len(columns))
            rows = _rows(raw / file, columns)
            while batch := list(islice(rows, _BATCH)):
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", batch)
        connection.commit()
        for table, column in (
            (Ratings.TABLE, Ratings.USER),
            (Ratings.TABLE, Ratings.ITEM),
            (Products.TABLE, Products.ITEM),
        ):
            connection.execute(f"CREATE INDEX {table}_{column} ON {table} ({column})")
        connection.commit()


def matrix(database: Path) -> sparse.csr_matrix:
    """Ratings from the database: float32, shape (users, items)."""
    with closing(sqlite3.connect(database)) as connection:
        query = f"SELECT {Ratings.USER}, {Ratings.ITEM}, {Ratings.RATING} FROM {Ratings.TABLE}"
        table = pd.read_sql_query(query, connection).dropna()
    users, _ = pd.factorize(table[Ratings.USER])
    items, _ = pd.factorize(table[Ratings.ITEM])
    ratings = table[Ratings.RATING].to_numpy(np.float32)
    return sparse.csr_matrix((ratings, (users, items)))


def train(ratings: sparse.csr_matrix, factors: int, iterations: int) -> object:
    """implicit's ALS by conjugate gradient, with its own defaults for the rest."""
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415  # slow

    with threadpool_limits(1, "blas"):  # as implicit asks for
        model = AlternatingLeastSquares(
            factors=factors, iterations=iterations, use_gpu=False, random_state=_SEED
        )
        model.fit(ratings, show_progress=False)
    return model


def seconds_of_evaluation(
    model: object, ratings: sparse.csr_matrix, users: int
) -> tuple[float, float]:
    """Time of implicit's evaluation for all users with a held-out rating, and the share timed."""
    from implicit.evaluation import leave_k_out_split, ranking_metrics_at_k  # noqa: PLC0415  # slow

    seen, held_out = leave_k_out_split(ratings, K=1, random_state=_SEED)
    tested = np.flatnonzero(np.diff(held_out.indptr))
    chosen = np.random.default_rng(_SEED).choice(tested, min(users, len(tested)), replace=False)
    keep = sparse.diags(np.isin(np.arange(ratings.shape[0]), chosen).astype(np.float32))
    some = (keep @ held_out).tocsr()
    some.eliminate_zeros()
    started = time.perf_counter()
    ranking_metrics_at_k(model, seen.tocsr(), some, K=10, show_progress=False)
    share = len(chosen) / len(tested)
    return (time.perf_counter() - started) / share, share


def encode(texts: Sequence[str], model: Path) -> np.ndarray:
    """Vectors in float32, batches of 256."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  # slow

    library = SentenceTransformer(str(model), local_files_only=True)
    return library.encode(list(texts), batch_size=256, normalize_embeddings=True)


def index(vectors: np.ndarray) -> object:
    """An exact index of inner products."""
    import faiss  # noqa: PLC0415  # slow

    made = faiss.IndexFlatIP(vectors.shape[1])
    made.add(vectors)
    return made


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[list[object]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            values = (record.get(column) for column in columns)
            yield [json.dumps(v) if isinstance(v, list | dict) else v for v in values]
