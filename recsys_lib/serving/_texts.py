"""Questions in words: search."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from recsys_lib.rules import Asked
from recsys_lib.search import Mode
from recsys_lib.serving._checks import check_count, check_query
from recsys_lib.serving._models import FilterArgument, OpenModels
from recsys_lib.serving._process import check_process


class TextQuestions(OpenModels):
    """Which products answer a query."""

    def search(  # noqa: PLR0913  # each one is optional
        self,
        query: str,
        top_k: int = 10,
        *,
        mode: Mode | None = None,
        filters: FilterArgument = None,
        offset: int = 0,
        exclude: Iterable[str] = (),
        diversity: float = 0.0,
        group_variants: bool = False,
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
            Any of category, brand, store, min_price, max_price, min_rating, with_reviews and
            in_stock. Where the catalogue has no ratings, those of the training data count.
        offset
            How many of the best products to leave out, for the next page; ``rank`` starts behind.
        exclude, diversity
            As for :meth:`recommend`.
        group_variants
            The same, but off by default: who searches may look for one of the variants.

        Returns
        -------
        pandas.DataFrame
            The answer; its ``source`` is the mode, and ``far`` is true for a product that has no
            word of the query and a meaning too far from it to answer it. With ``group_variants``
            the last column is ``variants``.

        Raises
        ------
        QueryError
            A ValueError, for an empty or very long query, an unknown mode, a filter that is unknown
            or on what the data do not have, or a negative offset.
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
        wishes = self._wishes(top_k, filters, exclude, diversity, group_variants)
        wishes = self._by_rules(wishes, Asked("search"))
        options = replace(wishes.options, n=offset + top_k)
        if mode is None:
            mode = search.parameters.mode
        ranked = self.rankings.for_query(query, mode, wishes.allowed)
        answer = self._list(query, ranked, replace(wishes, options=options))
        return answer[offset:].reset_index(drop=True) if offset else answer
