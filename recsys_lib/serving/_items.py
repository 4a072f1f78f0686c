"""All items that a version can answer with, and what filters and lists know of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl

from recsys_lib.als import AlsModel
from recsys_lib.blend import BlendModel, all_items
from recsys_lib.errors import NotTrainedError
from recsys_lib.ids import IdMap
from recsys_lib.search import Filters, ProductSearch
from recsys_lib.search.facet_index import FacetIndex
from recsys_lib.search.facets import CATEGORIES, GROUP, ID, RATING, REVIEWS, SCHEMA

_OF_RATINGS = {"min_rating", "with_reviews"}


class AllItems:
    """The items of ALS, then the other products of the search index; both are given by rows.

    What takes time is computed when it is first asked for.

    Parameters
    ----------
    als, search, blend: the parts of the version; None for one that it does not have.
    remedy: the command that builds a missing search index.
    """

    def __init__(
        self,
        als: AlsModel | None,
        search: ProductSearch | None,
        blend: BlendModel | None,
        remedy: str,
    ) -> None:
        self._als, self._search, self._blend, self._remedy = als, search, blend, remedy

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def ids(self) -> IdMap:
        """Their ids, in the order of the rows."""
        return self._blend.items if self._blend else all_items(self._als, self._search)

    @cached_property
    def of_products(self) -> np.ndarray:
        """The item of each product of the search index, int64, shape (products,)."""
        if self._search is None:
            return np.empty(0, dtype=np.int64)
        return self.ids.rows(list(self._search.items.ids()))

    @cached_property
    def products(self) -> np.ndarray:
        """The product of each item, int64, shape (items,); -1 where it is not in the index."""
        products = np.full(len(self), -1, dtype=np.int64)
        products[self.of_products] = np.arange(len(self.of_products))
        return products

    @cached_property
    def facets(self) -> pl.DataFrame:
        """What filters look at, one row per item.

        Where the catalogue has no number or mean of ratings, those of the training data count.
        """
        items = self.ids.series().alias(ID).to_frame()
        if self._search is None:
            known = items.with_columns(
                pl.lit(None, kind).alias(n) for n, kind in SCHEMA.items() if n != ID
            )
        else:
            known = items.join(self._search.all_facets, on=ID, how="left", maintain_order="left")
        if self._als is None:
            return known
        further = len(self) - len(self._als.items)
        counts = pl.Series(np.pad(self._als.popularity, (0, further)))
        filled = known.with_columns(pl.coalesce(REVIEWS, counts.cast(pl.Int64)))
        means = self._als.mean_ratings
        if means is None:
            return filled
        rated = pl.Series([*means.tolist(), *[None] * further], dtype=pl.Float64)
        return filled.with_columns(pl.coalesce(RATING, rated))

    @cached_property
    def facet_index(self) -> FacetIndex:
        """The same, arranged for filters."""
        return FacetIndex(self.facets)

    @cached_property
    def groups(self) -> np.ndarray:
        """Number of the product that each item is a variant of, int64, shape (items,)."""
        own = len(self) + np.arange(len(self))
        if self._search is None:
            return own
        return self.facets[GROUP].cast(pl.Int64).fill_null(pl.Series(own)).to_numpy()

    @cached_property
    def has_variants(self) -> bool:
        """Whether any two items are variants of one product."""
        return len(np.unique(self.groups)) < len(self)

    def variants(self, row: int) -> np.ndarray:
        """Rows of the other variants of the same product."""
        same = np.flatnonzero(self.groups == self.groups[row])
        return same[same != row]

    @cached_property
    def kinds(self) -> np.ndarray:
        """Number of the category of each item, with the path to it, int64, shape (items,).

        Items without a category have one number together.
        """
        if self._search is None:
            raise NotTrainedError(f"the search index is not built: {self._remedy}")
        paths = self.facets[CATEGORIES].fill_null([]).list.join("\n")
        return paths.rank("dense").cast(pl.Int64).to_numpy()

    def vectors(self, rows: np.ndarray) -> np.ndarray:
        """Text vectors of length 1, float32, shape (rows, dimension); 0 for items without text."""
        if self._search is None:
            raise NotTrainedError(f"the search index is not built: {self._remedy}")
        products = self.products[rows]
        found = self._search.embeddings[np.maximum(products, 0)]
        return np.where(products[:, None] < 0, np.float32(0), found)

    def allowed(self, filters: Filters, exclude: Sequence[str] = ()) -> np.ndarray | None:
        """Which items pass the filters and are not excluded, bool, shape (items,); None: all.

        Ids to exclude that the version does not know have no effect.
        """
        wanted = set(filters.model_dump(exclude_defaults=True))
        if self._search is None and wanted - _OF_RATINGS:
            raise NotTrainedError(
                f"filters on {', '.join(sorted(wanted - _OF_RATINGS))} need the search index, "
                f"which is not built: {self._remedy}"
            )
        mask = filters.allowed(self.facet_index) if wanted else None
        if not exclude:
            return mask
        mask = np.ones(len(self), dtype=bool) if mask is None else mask.copy()
        rows = self.ids.rows(list(exclude), missing="negative")
        mask[rows[rows >= 0]] = False
        return mask
