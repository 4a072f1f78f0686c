"""``Recommender``: every query to the trained models, every answer in one kind of table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recsys_lib.als import AlsModel
from recsys_lib.blend import BlendModel
from recsys_lib.errors import ArtifactError, NotTrainedError
from recsys_lib.paths import SAMPLE, Dataset
from recsys_lib.registry import (
    ALS_PART,
    BLEND_PART,
    SEARCH_PART,
    has_part,
    require_champion,
    run_command,
)
from recsys_lib.rules import RuleFile, VersionRules
from recsys_lib.search import ProductSearch
from recsys_lib.serving._about_items import ItemQuestions
from recsys_lib.serving._answers import status
from recsys_lib.serving._process import check_process
from recsys_lib.serving._texts import TextQuestions
from recsys_lib.serving._why import WhyQuestions


class Recommender(WhyQuestions, ItemQuestions, TextQuestions):
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

    @classmethod
    def load(
        cls,
        path: Path | str | None = None,
        *,
        dataset: str | Dataset | None = None,
        rules: bool = True,
    ) -> Recommender:
        """Open a version of the models.

        Parameters
        ----------
        path
            Folder of the version; by default that of the champion.
        dataset
            Whose champion: a name under data/raw/, or an absolute path. By default the dataset
            that ``path`` belongs to, or the sample.
        rules
            Whether lists follow the rules of the shop, where there are any (docs/rules.md).

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
        RulesError
            When the rules have a mistake; the message has a line for each.

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
            return cls._open(found, folder, rules=rules)
        found = _dataset(SAMPLE if dataset is None else dataset)
        found.require()
        folder = require_champion(found)
        while True:
            try:
                return cls._open(found, folder, rules=rules)
            except (OSError, ArtifactError, NotTrainedError):
                # Another version may have become champion since, and this one been removed.
                before, folder = folder, require_champion(found)
                if folder == before:
                    raise

    @classmethod
    def _open(cls, dataset: Dataset, folder: Path, *, rules: bool) -> Recommender:
        """Open every file now: the version may be removed before the first query."""
        als = search = blend = None
        if has_part(folder, ALS_PART):
            als = AlsModel.load(folder / ALS_PART)
        if has_part(folder, SEARCH_PART):
            search = ProductSearch.load(folder / SEARCH_PART)
            if search.parameters.reranker:
                _ = search.texts  # the reranker reads them with each query
            if search.ready == "static":
                _ = search.encoder  # its vectors of tokens lie in the version
        if als is None and search is None:
            raise NotTrainedError(f"{folder} holds no trained model: {run_command(dataset)}")
        if als is not None and has_part(folder, BLEND_PART):
            blend = BlendModel.load(folder / BLEND_PART, als, search)
        opened = cls(dataset, als, search, folder.name, blend)
        if rules and dataset.rules.is_file():
            opened.use_rules(dataset.rules)
        return opened

    def use_rules(self, file: Path | str | None) -> None:
        """Let all lists from now on follow the rules of a file.

        Parameters
        ----------
        file
            A file as docs/rules.md describes it; None for no rules.

        Raises
        ------
        RulesError
            When the file has a mistake, or is about items, categories or columns that are not
            there; the message has a line for each. The rules before stay.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> recommender.use_rules("data/rules/shop/rules.yaml")  # doctest: +SKIP
        """
        self.rules = None if file is None else self.rules_of(Path(file))

    def rules_of(self, file: Path) -> VersionRules:
        """The rules of a file, checked against this version; RulesError as above."""
        check_process()
        return VersionRules.fit(RuleFile.read(file), self.items, self.dataset.database)

    def prepare(self) -> None:
        """Make lists for users and histories cheaper from now on: a fourth of the time.

        It takes a second or two at 100,000 items, so it is worth it for many questions. The lists
        stay the same, their scores but for rounding. The HTTP service does it by itself.

        Examples
        --------
        >>> recommender = Recommender.load()  # doctest: +SKIP
        >>> recommender.prepare()  # doctest: +SKIP
        >>> lists = [recommender.recommend(user) for user in users]  # doctest: +SKIP
        """
        if self.blend is not None:
            self.blend.prepare()

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


def _dataset(dataset: str | Dataset) -> Dataset:
    return dataset if isinstance(dataset, Dataset) else Dataset.find(dataset)
