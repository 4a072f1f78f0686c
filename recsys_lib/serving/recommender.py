"""``Recommender``: every query to the trained models, every answer in one kind of table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from recsys_lib.als import AlsModel
from recsys_lib.blend import BlendModel, Repeats
from recsys_lib.columns import Answers
from recsys_lib.errors import (
    ArtifactError,
    NotTrainedError,
    QueryError,
    UnknownItemError,
    UnknownUserError,
)
from recsys_lib.ids import IdMap
from recsys_lib.paths import SAMPLE, Dataset
from recsys_lib.ranking import best_first
from recsys_lib.registry import (
    ALS_PART,
    BLEND_PART,
    SEARCH_PART,
    has_part,
    require_champion,
    run_command,
)
from recsys_lib.search import Filters, Mode, ProductSearch
from recsys_lib.serving._answers import AnswerTables, status
from recsys_lib.serving._checks import (
    check_choice,
    check_count,
    check_id,
    check_query,
    checked_history,
    other_spelling,
)
from recsys_lib.serving._process import check_process, mark_open
from recsys_lib.serving._similar import ALS, SEMANTIC, By, by_likes, by_text

_UNKNOWN_ITEM = "it has no ratings and is not in the catalogue"
_NO_LIKES_NO_TEXT = "nobody liked it, and it has no text in the catalogue"


class Recommender:
    """The models of one version, and the queries they answer.

    Make one by :meth:`load`. It opens all files of the version, so it goes on answering when the
    version is replaced or removed.

    Every answer is a table ``query, item_id, title, score, rank, source, image_url``, best first,
    at most n rows. Scores rank the rows of one answer and mean nothing beyond that.

    A question that cannot be answered as it is raises QueryError, which is a ValueError; where an
    argument has the wrong type it is a TypeError too. A process that was forked after the models
    were opened cannot use them: its questions raise ForkedError.

    Parameters
    ----------
    dataset
        The dataset of the version.
    als
        Matrix factorization, None when it was not trained.
    product_search
        The search index, None when it was not built.
    version
        Name of the version.
    blend
        What joins all candidate sources for users; None before an evaluation.

    Examples
    --------
    >>> from recsys_lib import Recommender
    >>> recommender = Recommender.load()  # doctest: +SKIP
    >>> user = recommender.example_users(1)[0]  # doctest: +SKIP
    >>> recommender.recommend(user, n=3)[["title", "reason"]]  # doctest: +SKIP
    """

    def __init__(
        self,
        dataset: Dataset,
        als: AlsModel | None,
        product_search: ProductSearch | None,
        version: str = "",
        blend: BlendModel | None = None,
    ) -> None:
        self.dataset, self.version = dataset, version
        self.als, self.product_search, self.blend = als, product_search, blend
        mark_open()
        self._parts = [part for part in (product_search, als) if part is not None]
        self._tables = AnswerTables([part.display for part in self._parts])

    @classmethod
    def load(
        cls, path: Path | str | None = None, *, dataset: str | Dataset | None = None
    ) -> Recommender:
        """Open a version of the models.

        Parameters
        ----------
        path
            Folder of the version; by default that of the champion.
        dataset
            Whose champion: a name under data/raw/, or an absolute path. By default the dataset
            that ``path`` belongs to, or the sample.

        Returns
        -------
        Recommender
            With all parts open.

        Raises
        ------
        ParameterError
            When there is no such dataset.
        NotTrainedError
            When there is no model yet; the message names the command to run.
        ArtifactError
            When a file of the version is missing or damaged, or the champion was removed.
        ForkedError
            In a process that was forked when models were open already.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> recommender = Recommender.load(dataset="amazon2023-Appliances")  # doctest: +SKIP
        >>> recommender = Recommender.load("models/sample/20260131-235959-ab12")  # doctest: +SKIP
        """
        check_process()
        if path is not None:
            folder = Path(path).resolve()
            found = Dataset.from_version(folder) if dataset is None else _dataset(dataset)
            return cls._open(found, folder)
        found = _dataset(SAMPLE if dataset is None else dataset)
        found.require()
        folder = require_champion(found)
        while True:
            try:
                return cls._open(found, folder)
            except (OSError, ArtifactError, NotTrainedError):
                # Another version may have become champion since, and this one been removed.
                before, folder = folder, require_champion(found)
                if folder == before:
                    raise

    @classmethod
    def _open(cls, dataset: Dataset, folder: Path) -> Recommender:
        """Open every file now: the version may be removed before the first query."""
        als = search = blend = None
        if has_part(folder, ALS_PART):
            als = AlsModel.load(folder / ALS_PART)
        if has_part(folder, SEARCH_PART):
            search = ProductSearch.load(folder / SEARCH_PART)
            if search.parameters.reranker:
                _ = search.texts  # the reranker reads them with each query
        if als is None and search is None:
            raise NotTrainedError(f"{folder} holds no trained model: {run_command(dataset)}")
        if als is not None and has_part(folder, BLEND_PART):
            blend = BlendModel.load(folder / BLEND_PART, als, search)
        return cls(dataset, als, search, folder.name, blend)

    def similar_items(self, item_id: str, n: int = 10, by: By = "als") -> pd.DataFrame:
        """Items that the same users like.

        A product that nobody liked is answered by the products of nearest text.

        Parameters
        ----------
        item_id
            A rated item, or a product of the catalogue.
        n
            Most rows to return, at least 1.
        by
            ``"als"``: what the same users like, or by text where nobody liked the item;
            ``"text"``: products of nearest text; ``"blend"``: what would be recommended to
            somebody who took this item alone.

        Returns
        -------
        pandas.DataFrame
            The answer; its ``source`` is ``als`` or ``semantic`` (by text). By the blend it is as
            from :meth:`recommend`.

        Raises
        ------
        UnknownItemError
            When the item has no ratings and is not in the catalogue, or has neither likes nor text.
        QueryError
            A ValueError, for an id that is no text, n below 1, or an unknown ``by``.
        NotTrainedError
            By text without a search index, or by the blend without an evaluation.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> item = recommender.example_items(1)[0]  # doctest: +SKIP
        >>> recommender.similar_items(item, n=5)  # doctest: +SKIP
        >>> recommender.similar_items(item, n=5, by="text")  # doctest: +SKIP
        """
        check_process()
        check_id("item_id", item_id, self._item_ids)
        check_count("n", n)
        check_choice("by", by, get_args(By))
        self._require_known([item_id])
        if by == "blend":
            picks = self._require_blend().recommend_for_items([item_id], n)
            return self._tables.with_reasons(item_id, picks)
        search = self._require_search() if by == "text" else self.product_search
        near = by_likes(self.als, item_id, n) if by == "als" else None
        near = near or by_text(search, item_id, n)
        if near is None:
            raise UnknownItemError(item_id, _NO_LIKES_NO_TEXT if by == "als" else "it has no text")
        return self._tables.answer(item_id, near.ids, near.scores, near.source)

    def recommend(
        self,
        user_id: str,
        n: int = 10,
        filter_already_liked: bool = True,
        repeats: Repeats | None = None,
    ) -> pd.DataFrame:
        """Items for a known user, from the model that the version's evaluation chose.

        Without an evaluation that is matrix factorization.

        Parameters
        ----------
        user_id
            A user of the training data.
        n
            Most rows to return, at least 1.
        filter_already_liked
            Leave out the items of the user's history.
        repeats
            The same with a third choice: ``"exclude"``, ``"allow"``, or ``"only"`` items of the
            history, for what is bought again. Wins over ``filter_already_liked`` where given.

        Returns
        -------
        pandas.DataFrame
            The answer. Of an evaluated version it has one more column, ``reason``, and its
            ``source`` is als, semantic or popular where most of the score comes from there, else
            blend.

        Raises
        ------
        UnknownUserError
            For a user without interactions; see :meth:`recommend_for_history`.
        QueryError
            A ValueError, for an id that is no text, or n below 1.
        NotTrainedError
            Without matrix factorization.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> user = recommender.example_users(1)[0]  # doctest: +SKIP
        >>> recommender.recommend(user, n=5)[["title", "reason"]]  # doctest: +SKIP
        """
        check_process()
        als = self._require_als()
        check_id("user_id", user_id, [als.users])
        check_count("n", n)
        if user_id not in als.users:
            hint = "no interactions; recommend_for_history serves new users"
            raise UnknownUserError(user_id, other_spelling(user_id, [als.users]) or hint)
        row = als.users.row(user_id)
        repeats = repeats or ("exclude" if filter_already_liked else "allow")
        check_choice("repeats", repeats, get_args(Repeats))
        if self.blend is not None:
            return self._tables.with_reasons(user_id, self.blend.recommend(row, n, repeats))
        rows, scores = als.recommend(row, n, repeats)
        return self._tables.answer(user_id, als.items.ids(rows), scores, ALS)

    def recommend_for_history(self, item_ids: Iterable[str], n: int = 10) -> pd.DataFrame:
        """Items for anybody who liked ``item_ids``, with no training in between.

        A user vector is solved for on the spot (fold-in). When nobody liked any of the items, the
        answer is the products of nearest text.

        Parameters
        ----------
        item_ids
            The history, oldest first: a list, or anything else that gives ids in an order. Its
            items are not recommended again; of an item that occurs twice, the newest place counts.
            It may be empty for an evaluated version, which answers with popular items.
        n
            Most rows to return, at least 1.

        Returns
        -------
        pandas.DataFrame
            As from :meth:`recommend`.

        Raises
        ------
        UnknownItemError
            When one of the items has no ratings and is not in the catalogue.
        QueryError
            A ValueError, for a text or a set in place of a list, an id that is no text, or an empty
            list that cannot be answered.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> history = recommender.example_items(2)  # doctest: +SKIP
        >>> recommender.recommend_for_history(history, n=5)  # doctest: +SKIP
        """
        check_process()
        history = checked_history(item_ids, self._item_ids)
        check_count("n", n)
        if not (history or self.blend):
            raise QueryError("item_ids is empty: give an item id, or evaluate the version first")
        self._require_known(history)
        query = ", ".join(history)
        if self.blend is not None:
            return self._tables.with_reasons(query, self.blend.recommend_for_items(history, n))
        if self.als is not None:
            rated = self.als.items.rows(history, missing="negative")
            learned = rated[(rated >= 0) & self.als.learned[rated]]
            if len(learned):
                rows, scores = self.als.recommend_for_rows(learned, n + len(history))
                ids = self.als.items.ids(rows)
                return self._tables.answer(query, *_without(ids, scores, history, n), ALS)
        search = self._require_search()
        products = search.items.rows(history, missing="negative")
        if (products < 0).all():
            raise UnknownItemError(history[0], _NO_LIKES_NO_TEXT)
        rows, scores = search.near(products[products >= 0], n + len(history))
        ids = search.items.ids(rows)
        return self._tables.answer(query, *_without(ids, scores, history, n), SEMANTIC)

    def search(
        self,
        query: str,
        top_k: int = 10,
        *,
        mode: Mode | None = None,
        filters: Filters | dict[str, Any] | None = None,
        offset: int = 0,
    ) -> pd.DataFrame:
        """Products whose text answers a query.

        Parameters
        ----------
        query
            Words, a sentence, or a product code; at most 10,000 characters.
        top_k
            Most rows to return, at least 1.
        mode
            ``"hybrid"`` (by meaning and by words), ``"semantic"`` (by meaning) or ``"lexical"``
            (by words); by default the mode that the index was built with.
        filters
            Any of category, min_price, max_price, min_rating, with_reviews.
        offset
            How many of the best products to leave out, for the next page; ``rank`` starts behind.

        Returns
        -------
        pandas.DataFrame
            The answer; its ``source`` is the mode.

        Raises
        ------
        QueryError
            A ValueError, for an empty or very long query, an unknown mode, an unknown filter, or a
            negative offset.
        NotTrainedError
            When there is no search index.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> recommender.search("water filter", top_k=5)  # doctest: +SKIP
        >>> recommender.search("dryer belt", filters={"max_price": 20})  # doctest: +SKIP
        """
        check_process()
        check_query(query)
        check_count("top_k", top_k)
        check_count("offset", offset, least=0)
        search = self._require_search()
        mode = mode or search.parameters.mode
        rows, scores = search.search(query, top_k, mode=mode, filters=filters, offset=offset)
        answer = self._tables.answer(query, search.items.ids(rows), scores, mode)
        answer[Answers.RANK] += offset
        return answer

    def status(self) -> dict[str, Any]:
        """Counts of the database and the models, in the shape of ``GET /status``.

        Returns
        -------
        dict
            With the keys database, matrix_factorization and similarity_search.

        Examples
        --------
        >>> Recommender.load().status()["matrix_factorization"]  # doctest: +SKIP
        {'status': 'trained', 'n_users': 20000, 'n_items': 4000, 'n_factors': 64}
        """
        check_process()
        return status(self.dataset, self.als, self.product_search)

    def item(self, item_id: str) -> dict[str, Any]:
        """Id, title and image_url of one item; UnknownItemError when there is no such item."""
        check_process()
        check_id("item_id", item_id, self._item_ids)
        self._require_known([item_id])
        return self._tables.item(item_id)

    def find_items(self, words: str, limit: int = 20) -> pd.DataFrame:
        """Items whose title has all the words, columns item_id and title: for pick lists."""
        check_process()
        return self._tables.find(words, limit)

    def example_users(self, n: int = 5) -> list[str]:
        """Users with the longest histories, who show most of what the model learned."""
        check_process()
        als = self._require_als()
        longest = best_first(np.diff(als.user_items.indptr), n)
        return list(als.users.ids(longest))

    def example_items(self, n: int = 5) -> list[str]:
        """The most popular items; without matrix factorization the first of the catalogue."""
        check_process()
        if self.als is None:
            return self._tables.first_ids(n)
        most = best_first(self.als.popularity, n)
        return list(self.als.items.ids(most))

    @property
    def _item_ids(self) -> list[IdMap]:
        return [part.items for part in self._parts]

    def _require_known(self, item_ids: Sequence[str]) -> None:
        for item_id in item_ids:
            if not any(item_id in ids for ids in self._item_ids):
                hint = other_spelling(item_id, self._item_ids) or _UNKNOWN_ITEM
                raise UnknownItemError(item_id, hint)

    def _require_blend(self) -> BlendModel:
        if self.blend is None:
            raise NotTrainedError(f"this version has no blend: {run_command(self.dataset)}")
        return self.blend

    def _require_als(self) -> AlsModel:
        if self.als is None:
            raise NotTrainedError(
                f"matrix factorization is not trained: {run_command(self.dataset)}"
            )
        return self.als

    def _require_search(self) -> ProductSearch:
        if self.product_search is None:
            raise NotTrainedError(f"the search index is not built: {run_command(self.dataset)}")
        return self.product_search


def _dataset(dataset: str | Dataset) -> Dataset:
    return dataset if isinstance(dataset, Dataset) else Dataset.find(dataset)


def _without(
    ids: np.ndarray, scores: np.ndarray, history: Sequence[str], n: int
) -> tuple[np.ndarray, np.ndarray]:
    new = ~np.isin(ids, list(history))
    return ids[new][:n], scores[new][:n]
