"""The usual recipe for the same answers, to compare with: FastAPI, implicit and FAISS.

Factors, texts and vectors are those of a version. Recommendations and similar items are implicit's,
search is an exact FAISS index behind SentenceTransformer.encode, titles come from a dict. There are
no candidate sources besides, no reasons, filters or variants, and no search by words.

PEER_VERSION=models/DATASET/VERSION uvicorn --app-dir benchmarks _peer:app
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import faiss
from _services import PEER_VERSION
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer

from recsys_lib.als import AlsModel
from recsys_lib.search import ProductSearch
from recsys_lib.search._models import PACKAGED_MODEL, model_folder

app = FastAPI()
_folder = Path(os.environ[PEER_VERSION])
_als = AlsModel.load(_folder / "als")
_als.model.user_factors = _als.fold_in.solve_many(_als.user_items)  # implicit keeps them
_search = ProductSearch.load(_folder / "search")
_users = {user: row for row, user in enumerate(_als.users.ids())}
_item_ids, _product_ids = list(_als.items.ids()), list(_search.items.ids())
_items = {item: row for row, item in enumerate(_item_ids)}
_titles = dict(zip(_search.display["id"], _search.display["title"], strict=True))
_index = faiss.IndexFlatIP(_search.dimension)
_index.add(_search.embeddings)
_encoder = SentenceTransformer(str(model_folder(PACKAGED_MODEL)), local_files_only=True)


class User(BaseModel):
    """A known user."""

    user_id: str
    n: int = 10


class Item(BaseModel):
    """An item."""

    item_id: str
    n: int = 10


class Query(BaseModel):
    """A query."""

    query: str
    top_k: int = 10


@app.post("/matrix_factor/user")
def user(body: User) -> dict[str, Any]:
    """Items for a known user."""
    row = _users[body.user_id]
    return _rows(_item_ids, *_als.model.recommend(row, _als.user_items[row], N=body.n))


@app.post("/matrix_factor/similar")
def similar(body: Item) -> dict[str, Any]:
    """Items like one item."""
    rows, scores = _als.model.similar_items(_items[body.item_id], N=body.n + 1)
    return _rows(_item_ids, rows[1:], scores[1:])


@app.post("/search")
def search(body: Query) -> dict[str, Any]:
    """Products of nearest text."""
    vector = _encoder.encode([body.query], normalize_embeddings=True, show_progress_bar=False)
    scores, rows = _index.search(vector, body.top_k)
    return _rows(_product_ids, rows[0], scores[0])


def _rows(ids: list[str], rows: Any, scores: Any) -> dict[str, Any]:
    return {
        "results": [
            {"item_id": ids[row], "title": _titles.get(ids[row]), "score": float(score)}
            for row, score in zip(rows, scores, strict=True)
        ]
    }
