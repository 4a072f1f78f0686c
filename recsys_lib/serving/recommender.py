"""``Recommender``: every question to the trained models, every answer in one kind of table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from recsys_lib.als import AlsModel
from recsys_lib.blend.personal import BlendModel, Picks
from recsys_lib.columns import Answers
from recsys_lib.errors import ArtifactError, NotTrainedError, UnknownItemError, UnknownUserError
from recsys_lib.paths import SAMPLE, Dataset
from recsys_lib.registry.parts import ALS_PART, BLEND_PART, SEARCH_PART, has_part
from recsys_lib.registry.versions import require_champion, run_command
from recsys_lib.search import Filters, Mode, ProductSearch
from recsys_lib.serving.status import status

ALS, SEMANTIC = "als", "semantic"


class Recommender:
    """The models of one version, and the questions they answer.

    All answers are long tables: ``query, item_id, title, score, rank, source, image_url``, best
    first, at most n rows. Scores rank the rows of one answer and mean nothing beyond that.
    Recommendations for people also say why, in the column ``reason``.
    """

    def __init__(
        self,
        dataset: Dataset,
        als: AlsModel | None,
        semantic: ProductSearch | None,
        version: str = "",
        blend: BlendModel | None = None,
    ) -> None:
        self.dataset, self.als, self.semantic, self.version = dataset, als, semantic, version
        self.blend = blend
        known = [part.display for part in (semantic, als) if part is not None]
        self._display = pl.concat(known).unique("id", keep="first", maintain_order=True)

    @classmethod
    def load(
        cls, path: Path | str | None = None, *, dataset: str | Dataset | None = None
    ) -> Recommender:
        """Open a version's folder, or the champion of ``dataset`` when no path is given.

        The default dataset is the sample, or the one to which the version belongs. Raises
        NotTrainedError, saying what to run, when there is no model yet.
        """
        if dataset is None and path is not None:
            found = Dataset.from_version(Path(path).resolve())
        else:
            found = dataset if isinstance(dataset, Dataset) else Dataset.find(dataset or SAMPLE)
        if path is not None:
            return cls._open(found, Path(path).resolve())
        folder = require_champion(found)
        while True:
            try:
                return cls._open(found, folder)
            except (OSError, ArtifactError, NotTrainedError):
                # Another version may be served by now, and this one removed.
                before, folder = folder, require_champion(found)
                if folder == before:
                    raise

    @classmethod
    def _open(cls, found: Dataset, folder: Path) -> Recommender:
        als = AlsModel.load(folder / ALS_PART) if has_part(folder, ALS_PART) else None
        semantic = (
            ProductSearch.load(folder / SEARCH_PART) if has_part(folder, SEARCH_PART) else None
        )
        if als is not None:
            als.open_arrays()  # now: the version may be removed before a question
        if als is None and semantic is None:
            raise NotTrainedError(f"{folder} holds no trained model: {run_command(found)}")
        blend = None
        if als is not None and has_part(folder, BLEND_PART):
            blend = BlendModel(folder / BLEND_PART, als, semantic)
        return cls(found, als, semantic, folder.name, blend)

    def similar_items(self, item_id: str, n: int = 10) -> pd.DataFrame:
        """Items that the same users like; for a product nobody rated yet, the nearest by text.

        Raises UnknownItemError.
        """
        _check_n(n)
        if self.als is not None and item_id in self.als.items:
            rows, scores = self.als.similar(self.als.items.row(item_id), n)
            return self._answer(item_id, self.als.items.ids(rows), scores, ALS)
        if self.semantic is not None and item_id in self.semantic.items:
            rows, scores = self.semantic.similar(self.semantic.items.row(item_id), n)
            return self._answer(item_id, self.semantic.items.ids(rows), scores, SEMANTIC)
        raise UnknownItemError(item_id, "neither rated nor in the catalogue")

    def recommend(
        self, user_id: str, n: int = 10, filter_already_liked: bool = True
    ) -> pd.DataFrame:
        """Items for a known user, by what proved best when the version was evaluated.

        Without an evaluation that is ALS. Raises UnknownUserError, or NotTrainedError without ALS.
        """
        _check_n(n)
        als = self._require_als()
        if user_id not in als.users:
            raise UnknownUserError(
                user_id, "no interactions; recommend_for_history serves people who are new"
            )
        row = als.users.row(user_id)
        if self.blend is not None:
            picks = self.blend.of_user(row, n, filter_seen=filter_already_liked)
            return self._with_reasons(user_id, picks)
        rows, scores = als.recommend(row, n, filter_seen=filter_already_liked)
        return self._answer(user_id, als.items.ids(rows), scores, ALS)

    def recommend_for_history(self, item_ids: Sequence[str], n: int = 10) -> pd.DataFrame:
        """Items for anybody who liked ``item_ids``, oldest first; these are not recommended again.

        The user vector is solved for on the spot (fold-in). When none of the items was ever
        rated, the answer is the nearest by text; nothing known is answered by what is popular,
        for which an evaluated version is needed. Raises UnknownItemError.
        """
        _check_n(n)
        if isinstance(item_ids, str) or not (item_ids or self.blend):
            raise ValueError("item_ids must be a list of at least one item id")
        self._require_known(item_ids)
        query = ", ".join(item_ids)
        if self.blend is not None:
            return self._with_reasons(query, self.blend.of_items(item_ids, n))
        if self.als is not None:
            rated = self.als.items.rows(item_ids, missing="negative")
            if (rated >= 0).any():
                rows, scores = self.als.recommend_for_rows(rated[rated >= 0], n + len(item_ids))
                ids = self.als.items.ids(rows)
                return self._answer(query, *_without(ids, scores, item_ids, n), ALS)
        semantic = self._require_semantic()
        rows, scores = semantic.near(semantic.items.rows(item_ids), n + len(item_ids))
        ids = semantic.items.ids(rows)
        return self._answer(query, *_without(ids, scores, item_ids, n), SEMANTIC)

    def search(
        self,
        query: str,
        top_k: int = 10,
        *,
        mode: Mode | None = None,
        filters: Filters | dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Products whose text answers ``query``.

        ``mode`` is hybrid, semantic or lexical; by default the one the index was built with.
        ``filters``: category, min_price, max_price, min_rating, with_reviews. Raises
        QueryError, a ValueError, for an empty query, an unknown mode or filter, and
        NotTrainedError without an index.
        """
        _check_n(top_k)
        search = self._require_semantic()
        mode = mode or search.parameters.mode
        rows, scores = search.search(query, top_k, mode=mode, filters=filters)
        return self._answer(query, search.items.ids(rows), scores, mode)

    def status(self) -> dict[str, Any]:
        """Counts of the database and the models, in the shape of ``GET /status``."""
        return status(self.dataset, self)

    def find_items(self, words: str, limit: int = 20) -> pd.DataFrame:
        """Items whose title has all the words, columns item_id and title: for pick-lists."""
        title = pl.col("title").str.to_lowercase()
        matches = [title.str.contains(word, literal=True) for word in words.lower().split()]
        found = self._display.filter(pl.col("title").is_not_null(), *matches).head(limit)
        return found.select(pl.col("id").alias(Answers.ITEM), Answers.TITLE).to_pandas()

    def example_users(self, n: int = 5) -> list[str]:
        """Users with the longest histories, who show most of what the model learned."""
        als = self._require_als()
        longest = np.argsort(-np.diff(als.user_items.indptr), kind="stable")[:n]
        return list(als.users.ids(longest))

    def example_items(self, n: int = 5) -> list[str]:
        """The most popular items; without ALS the first of the catalogue."""
        if self.als is None:
            return self._display["id"].head(n).to_list()
        most = np.argsort(-self.als.popularity, kind="stable")[:n]
        return list(self.als.items.ids(most))

    def _answer(self, query: str, ids: np.ndarray, scores: np.ndarray, source: str) -> pd.DataFrame:
        wanted = pl.DataFrame({"id": pl.Series(list(ids), dtype=pl.String)})
        shown = wanted.join(self._display, on="id", how="left", maintain_order="left")
        return pd.DataFrame(
            {
                Answers.QUERY: query,
                Answers.ITEM: shown["id"].to_list(),
                Answers.TITLE: shown["title"].to_list(),
                Answers.SCORE: np.asarray(scores, dtype=np.float64),
                Answers.RANK: np.arange(1, len(ids) + 1),
                Answers.SOURCE: source,
                Answers.IMAGE: shown["image_url"].to_list(),
            },
            columns=list(Answers.ALL),
        )

    def _with_reasons(self, query: str, picks: Picks) -> pd.DataFrame:
        answer = self._answer(query, picks.ids, picks.scores, "")
        answer[Answers.SOURCE] = [reason.source for reason in picks.reasons]
        answer[Answers.REASON] = [reason.text for reason in picks.reasons]
        return answer

    def _require_known(self, item_ids: Sequence[str]) -> None:
        for item_id in item_ids:
            if not any(item_id in m.items for m in (self.als, self.semantic) if m is not None):
                raise UnknownItemError(item_id, "neither rated nor in the catalogue")

    def _require_als(self) -> AlsModel:
        if self.als is None:
            raise NotTrainedError(
                f"matrix factorization is not trained: {run_command(self.dataset)}"
            )
        return self.als

    def _require_semantic(self) -> ProductSearch:
        if self.semantic is None:
            raise NotTrainedError(f"the search index is not built: {run_command(self.dataset)}")
        return self.semantic


def _without(
    ids: np.ndarray, scores: np.ndarray, history: Sequence[str], n: int
) -> tuple[np.ndarray, np.ndarray]:
    new = ~np.isin(ids, list(history))
    return ids[new][:n], scores[new][:n]


def _check_n(n: int) -> None:
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
