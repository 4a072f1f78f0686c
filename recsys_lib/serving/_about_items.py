"""Questions about items: what is like one, and what is known of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import pandas as pd

from recsys_lib.errors import UnknownItemError
from recsys_lib.ranking import best_first
from recsys_lib.rules import Asked
from recsys_lib.serving._checks import check_choice, check_count, check_id, check_text
from recsys_lib.serving._models import (
    NO_LIKES_NO_TEXT,
    FilterArgument,
    OpenModels,
)
from recsys_lib.serving._process import check_process
from recsys_lib.serving._ranked import Ranked
from recsys_lib.serving._rankings import ALS, Allowed, By, by_blend


class ItemQuestions(OpenModels):
    """What is like an item, which items there are."""

    def similar_items(
        self,
        item_id: str,
        n: int = 10,
        by: By | None = None,
        *,
        filters: FilterArgument = None,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        group_variants: bool = True,
    ) -> pd.DataFrame:
        """Items like one item: liked by the same users, near in text, or taken after it.

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
            somebody who took this item alone. By default :attr:`similar_by`, the one of them that
            found held-out items best; where it knows nothing of the item, likes and then text.
        filters, exclude, diversity, group_variants
            As for :meth:`recommend`.

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
            A ValueError, for an id that is no text, n below 1, an unknown ``by``, or a filter as
            for :meth:`recommend`.
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
        if by is not None:
            check_choice("by", by, get_args(By))
        wishes = self._wishes(n, filters, exclude, diversity, group_variants)
        self._require_known([item_id])
        ranked = self._ranked_like(item_id, by or self.similar_by, wishes.allowed)
        if ranked is None and by is None:
            ranked = self._ranked_like(item_id, ALS, wishes.allowed)
        if ranked is None:
            raise UnknownItemError(item_id, "it has no text" if by == "text" else NO_LIKES_NO_TEXT)
        wishes = self._by_rules(wishes, lambda: Asked("similar", item=self.items.ids.row(item_id)))
        return self._list(item_id, ranked, wishes)

    @property
    def similar_by(self) -> By:
        """What :meth:`similar_items` goes by unless told: what the evaluation found best.

        Without an evaluation that is matrix factorization.
        """
        by = self.blend.part.similar_by if self.blend is not None else ALS
        return next(known for known in get_args(By) if known == by)

    def item(self, item_id: str) -> dict[str, Any]:
        """Id, title and image_url of one item; UnknownItemError when there is no such item."""
        check_process()
        check_id("item_id", item_id, self._item_ids)
        self._require_known([item_id])
        return self._tables.item(item_id)

    def find_items(self, words: str, limit: int = 20) -> pd.DataFrame:
        """Items whose title has all the words, columns item_id and title: for pick lists."""
        check_process()
        check_text("words", words)
        check_count("limit", limit, least=0)
        return self._tables.find(words, limit)

    def example_users(self, n: int = 5) -> list[str]:
        """Users with the longest histories, who show most of what the model learned."""
        check_process()
        check_count("n", n, least=0)
        als = self.require_als()
        return list(als.users.ids(als.histories.longest(n)))

    def example_items(self, n: int = 5) -> list[str]:
        """The most popular items; without matrix factorization the first of the catalogue."""
        check_process()
        check_count("n", n, least=0)
        if self.als is None:
            return self._tables.first_ids(n)
        most = best_first(self.als.popularity, n)
        return list(self.als.items.ids(most))

    def _ranked_like(self, item_id: str, by: By, allowed: Allowed) -> Ranked | None:
        """None where nothing was learned of the item, and it has no text."""
        if by == "blend":
            return by_blend(self._require_blend().for_items([item_id], allowed))
        near = self.rankings.near_likes(item_id, allowed) if by == ALS else None
        if by == "text":
            self._require_search()
        return near or self.rankings.near_text([item_id], allowed)
