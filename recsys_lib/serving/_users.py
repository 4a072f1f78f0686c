"""Questions about users: what to recommend to them, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import numpy as np
import pandas as pd

from recsys_lib.blend import Repeats
from recsys_lib.errors import QueryError, UnknownItemError, UnknownUserError
from recsys_lib.rules import Asked
from recsys_lib.serving._checks import (
    check_choice,
    check_flag,
    check_id,
    checked_history,
    other_spelling,
)
from recsys_lib.serving._models import (
    NO_LIKES_NO_TEXT,
    FilterArgument,
    OpenModels,
)
from recsys_lib.serving._process import check_process
from recsys_lib.serving._ranked import Ranked
from recsys_lib.serving._rankings import Allowed, by_blend


class UserQuestions(OpenModels):
    """What to recommend to known and to new users."""

    def recommend(  # noqa: PLR0913  # each one is optional
        self,
        user_id: str,
        n: int = 10,
        filter_already_liked: bool = True,
        repeats: Repeats | None = None,
        *,
        filters: FilterArgument = None,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        group_variants: bool = True,
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
        filters
            Any of category, brand, store, min_price, max_price, min_rating, with_reviews and
            in_stock, as for :meth:`search`. The list still has n rows where so many items pass.
        exclude
            Ids of items to leave out; unknown ids have no effect.
        diversity
            0: best first; up to 1: items of other categories than those before, or of other texts
            where all are of one category. Scores then need not fall along the list. 0.2 costs
            little (docs/search.md).
        group_variants
            One row for all variants of a product, such as sizes and colours.

        Returns
        -------
        pandas.DataFrame
            The answer. Of an evaluated version it has one more column, ``reason``, and its
            ``source`` is als, semantic or popular where most of the score comes from there, else
            blend. With ``group_variants`` the last column is ``variants``: ids of the other
            variants for which the row stands. Where the shop has rules (docs/rules.md) there is a
            column ``rule``: the names of those that moved the item, if any. ``attrs["left_out"]``
            names the items that the list would have without a rule.

        Raises
        ------
        UnknownUserError
            For a user without interactions; see :meth:`recommend_for_history`.
        QueryError
            A ValueError, for an id that is no text, n below 1, or a filter that is unknown or on
            what the data do not have.
        NotTrainedError
            Without matrix factorization; and without a search index where filters or diversity
            need it.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> user = recommender.example_users(1)[0]  # doctest: +SKIP
        >>> recommender.recommend(user, n=5)[["title", "reason"]]  # doctest: +SKIP
        >>> recommender.recommend(user, filters={"max_price": 20}, diversity=0.3)  # doctest: +SKIP
        """
        check_process()
        wishes = self._wishes(n, filters, exclude, diversity, group_variants)
        row = self._user_row(user_id)
        check_flag("filter_already_liked", filter_already_liked)
        if repeats is None:
            repeats = "exclude" if filter_already_liked else "allow"
        check_choice("repeats", repeats, get_args(Repeats))
        wishes = self._by_rules(wishes, lambda: self._asked_for(user_id, row), repeats)
        return self._list(user_id, self._ranked_for_user(row, repeats, wishes.allowed), wishes)

    def recommend_for_history(
        self,
        item_ids: Iterable[str],
        n: int = 10,
        *,
        filters: FilterArgument = None,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        group_variants: bool = True,
    ) -> pd.DataFrame:
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
        filters, exclude, diversity, group_variants
            As for :meth:`recommend`.

        Returns
        -------
        pandas.DataFrame
            As from :meth:`recommend`.

        Raises
        ------
        UnknownItemError
            When one of the items has no ratings and is not in the catalogue.
        QueryError
            A ValueError, for a text or a set in place of a list, an id that is no text, an empty
            list that cannot be answered, or a filter as for :meth:`recommend`.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> history = recommender.example_items(2)  # doctest: +SKIP
        >>> recommender.recommend_for_history(history, n=5)  # doctest: +SKIP
        """
        check_process()
        history = checked_history(item_ids, self._item_ids)
        wishes = self._wishes(n, filters, exclude, diversity, group_variants)
        if not (history or self.blend):
            raise QueryError("item_ids is empty: give an item id, or evaluate the version first")
        self._require_known(history)
        if self.blend is not None:
            ranked: Ranked | None = by_blend(self.blend.for_items(history, wishes.allowed))
        else:
            ranked = self.rankings.for_history(history, wishes.allowed)
        if ranked is None:
            self._require_search()
            raise UnknownItemError(history[0], NO_LIKES_NO_TEXT)
        wishes = self._by_rules(
            wishes, lambda: Asked("history", history=self.items.ids.rows(history))
        )
        return self._list(", ".join(history), ranked, wishes)

    def _user_row(self, user_id: str) -> int:
        users = self.require_als().users
        check_id("user_id", user_id, [users])
        if user_id not in users:
            hint = "no interactions; recommend_for_history serves new users"
            raise UnknownUserError(user_id, other_spelling(user_id, [users]) or hint)
        return users.row(user_id)

    def _asked_for(self, user_id: str, row: int) -> Asked:
        """What rules care about in a question for a known user."""
        return Asked("user", user_id, self._history_rows(row))

    def _history_rows(self, row: int) -> np.ndarray:
        """Rows of the items of a user's history."""
        if self.blend is not None:
            return self.blend.histories.take(np.array([row])).items
        return self.require_als().history(row)

    def _ranked_for_user(self, row: int, repeats: Repeats, allowed: Allowed) -> Ranked:
        if self.blend is not None:
            return by_blend(self.blend.for_user(row, repeats, allowed))
        return self.rankings.for_user(self.require_als(), row, repeats, allowed)
