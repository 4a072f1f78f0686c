"""The queries of the panels, as plain functions from a recommender to what is shown."""

from __future__ import annotations

from typing import Any, Protocol

import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.errors import EmptyQueryError
from recsys_lib.search import Mode
from recsys_lib.widgets.answers import AnswerView, answer_view, text_view

_QUERY_WORDS = 3


class RecommenderLike(Protocol):
    """The part of :class:`recsys_lib.Recommender` that the panels use."""

    def similar_items(self, item_id: str, n: int = 10) -> pd.DataFrame:
        """Items like one item."""
        ...

    def recommend(
        self, user_id: str, n: int = 10, filter_already_liked: bool = True
    ) -> pd.DataFrame:
        """Items for a user."""
        ...

    def search(self, query: str, top_k: int = 10, *, mode: Mode | None = None) -> pd.DataFrame:
        """Products for a query."""
        ...

    def status(self) -> dict[str, Any]:
        """Counts, as in GET /status."""
        ...

    def find_items(self, words: str, limit: int = 20) -> pd.DataFrame:
        """Items by words of the title."""
        ...

    def example_users(self, n: int = 5) -> list[str]:
        """Ids of users."""
        ...

    def example_items(self, n: int = 5) -> list[str]:
        """Ids of items."""
        ...


def similar_items(
    recommender: RecommenderLike, item_id: str, n: int, title: str = ""
) -> AnswerView:
    """Items like one item; a known ``title`` goes into the heading."""
    item_id = _filled(item_id, "type an item id, or find one by words of its title")
    heading = f"Similar to {title} ({item_id})" if title else f"Similar to {item_id}"
    return answer_view(heading, recommender.similar_items(item_id, n))


def recommendations(
    recommender: RecommenderLike, user_id: str, n: int, hide_owned: bool = True
) -> AnswerView:
    """Items for a known user, with or without those of their history."""
    user_id = _filled(user_id, "type a user id, or pick one of the examples")
    what = "without" if hide_owned else "including"
    answer = recommender.recommend(user_id, n, filter_already_liked=hide_owned)
    return answer_view(f"For user {user_id}, {what} items they already have", answer)


def search(
    recommender: RecommenderLike, query: str, n: int, mode: Mode | None = None
) -> AnswerView:
    """Products whose text answers the query; None is the mode of the index."""
    query = _filled(query, "type what you are looking for, in your own words")
    return answer_view(f"Found for “{query}”", recommender.search(query, n, mode=mode))


def matching_items(recommender: RecommenderLike, words: str) -> list[tuple[str, str]]:
    """(title, item id) of products whose title has all the words, for a pick list."""
    found = recommender.find_items(words)
    return list(zip(found[Answers.TITLE], found[Answers.ITEM], strict=True))


def example_query(recommender: RecommenderLike) -> str:
    """The first words of a title, a query that suits any catalogue; "" for an empty one."""
    titles = [title for title, _ in matching_items(recommender, "")]
    return " ".join(titles[0].split()[:_QUERY_WORDS]) if titles else ""


def status_line(recommender: RecommenderLike) -> AnswerView:
    """One line about the data and the models."""
    status = recommender.status()
    database, als = status["database"], status["matrix_factorization"]
    search_part = status["similarity_search"]
    return text_view(
        f"{database['n_ratings']:,} ratings of {database['n_users']:,} users, "
        f"{database['n_products']:,} products in the catalogue. "
        f"Matrix factorization: {_words(als['status'])} ({als['n_items']:,} items). "
        f"Search: {_words(search_part['status'])} ({search_part['n_products']:,} products)."
    )


def _filled(text: str, remedy: str) -> str:
    if not text.strip():
        raise EmptyQueryError(remedy)
    return text.strip()


def _words(name: str) -> str:
    return name.replace("_", " ")
