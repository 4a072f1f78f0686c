"""A recommender of four items and two users, with answers that are easy to predict."""

import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.errors import UnknownItemError, UnknownUserError

HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"&"
TITLES = {"a": "Water filter", "b": HOSTILE, "c": None, "d": "Water hose"}


class FakeRecommender:
    """Four items and two users; every query is written down."""

    def __init__(self):
        self.queries = []

    def answer(self, query, ids, n):
        rows = [
            (query, item, TITLES[item], 1 / rank, rank, "als", f"https://x/{item}.png")
            for rank, item in enumerate(ids, start=1)
        ]
        return pd.DataFrame(rows, columns=list(Answers.ALL)).head(n)

    def similar_items(self, item_id, n=10):
        self.queries.append(("similar", item_id, n))
        if item_id not in TITLES:
            raise UnknownItemError(item_id, "neither rated nor in the catalogue")
        return self.answer(item_id, [i for i in TITLES if i != item_id], n)

    def recommend(self, user_id, n=10, filter_already_liked=True):
        self.queries.append(("user", user_id, n, filter_already_liked))
        if user_id not in ("u1", "u2"):
            raise UnknownUserError(user_id)
        return self.answer(user_id, "cd" if filter_already_liked else "abcd", n)

    def search(self, query, top_k=10, *, mode=None):
        self.queries.append(("search", query, top_k, mode))
        if query == "broken":
            raise RuntimeError("index <b>lost</b>")
        return self.answer(query, "" if query == "nothing" else "bad", top_k)

    def status(self):
        return {
            "database": {"n_ratings": 12345, "n_users": 2, "n_products": 4, "avg_rating": 4.0},
            "matrix_factorization": {
                "status": "trained",
                "n_users": 2,
                "n_items": 4,
                "n_factors": 8,
            },
            "similarity_search": {
                "status": "not_trained",
                "n_products": 0,
                "embedding_dimension": None,
            },
        }

    def find_items(self, words, limit=20):
        titled = [(i, t) for i, t in TITLES.items() if t]
        found = [row for row in titled if all(w in row[1].lower() for w in words.lower().split())]
        return pd.DataFrame(found, columns=[Answers.ITEM, Answers.TITLE]).head(limit)

    def example_users(self, n=5):
        return ["u1", "u2"][:n]

    def example_items(self, n=5):
        return ["a", "b"][:n]
