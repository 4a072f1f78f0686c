"""Lists for everybody at once: which version, which lists, which files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console

from recsys_lib.als import AlsModel
from recsys_lib.columns import Exports
from recsys_lib.display.terminal import console as console_of
from recsys_lib.errors import NotTrainedError, ParameterError, StorageError
from recsys_lib.files import replacing
from recsys_lib.loop.exported import log_export
from recsys_lib.loop.records import policy_of
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.registry import (
    ALS_PART,
    BLEND_PART,
    SEARCH_PART,
    has_part,
    require_champion,
    run_command,
)
from recsys_lib.search import ProductSearch
from recsys_lib.serving.export._changes import Changes
from recsys_lib.serving.export._files import FOR_ITEMS, FOR_USERS, write_items, write_users
from recsys_lib.serving.export._on_cluster import write_on_cluster
from recsys_lib.serving.recommender import Recommender
from recsys_lib.spark import Cluster

What = Literal["users", "items", "both"]
By = Literal["served", "als"]

REMOVED_USERS = "removed_users.parquet"


@dataclass(frozen=True)
class Export:
    """Writes the lists of one model version.

    Make one by :meth:`from_version`.

    Parameters
    ----------
    dataset
        The dataset of the version.
    version
        Folder of the version; it has an ALS part.
    n
        Length of the lists.
    out
        Folder of the files.
    by
        Whose lists: ``served`` is what the recommender answers, for users the blend where the
        version was evaluated; ``als`` is matrix factorization, which is much faster.
    changed_since
        Folder of an earlier version: only users whose history changed since then get lists.
    rules
        Whether lists keep the rules of the shop, where there are any. The files then have one more
        column, ``rule``.
    log
        Whether the lists of users are logged like served ones. Their file then has a column
        ``list_id``, which events can name.
    cluster
        Whose executors make the lists of users; this process by default.

    Examples
    --------
    >>> from recsys_lib.paths import Dataset
    >>> export = Export.from_version(Dataset.find("sample"), n=20)  # doctest: +SKIP
    >>> users, items = export.run("both")  # doctest: +SKIP
    """

    dataset: Dataset
    version: Path
    n: int
    out: Path
    by: By = "served"
    changed_since: Path | None = None
    rules: bool = True
    log: bool = False
    cluster: Cluster | None = None

    @classmethod
    def from_version(  # noqa: PLR0913  # most are optional
        cls,
        dataset: Dataset,
        version: str = "",
        n: int = 10,
        out: Path | None = None,
        by: By = "served",
        changed_since: str = "",
        *,
        rules: bool = True,
        log: bool = False,
        spark: Mapping[str, object] | None = None,
    ) -> Export:
        """Export the version of this name.

        Parameters
        ----------
        dataset
            Whose version.
        version
            Its name; "" is the champion.
        n
            Length of the lists.
        out
            Folder of the files, by default outputs/exports/<dataset>/<version>/, and in it
            since-<earlier version>/ with ``changed_since``.
        by
            ``served`` or ``als``.
        changed_since
            Name of an earlier version. Only users who are new since then, or whose history has
            other items, another order or other ratings, get lists; a second file has the users
            who are no longer there. Where the model changed as well, the lists of all other users
            may differ, too: :meth:`run` says so.
        rules
            Whether lists keep the rules of the shop.
        log
            Whether the lists of users are logged.
        spark
            Settings of the Spark cluster whose executors make the lists of users, as
            :class:`recsys_lib.spark.Cluster` has them; None for this process.

        Returns
        -------
        Export
            Nothing is written before :meth:`run`.

        Raises
        ------
        ParameterError
            For n below 1.
        NotTrainedError
            When there is no such version, or one has no factors; it names the command to run.

        Examples
        --------
        >>> from recsys_lib.paths import Dataset
        >>> Export.from_version(Dataset.find("sample"), by="als")  # doctest: +SKIP
        """
        if n < 1:
            raise ParameterError(f"--n must be at least 1, got {n}")
        folder = dataset.version(version) if version else require_champion(dataset)
        if not has_part(folder, ALS_PART):
            raise NotTrainedError(
                f"{folder} has no trained factors to export: {run_command(dataset)}"
            )
        since = dataset.version(changed_since) if changed_since else None
        if since and not has_part(since, ALS_PART):
            raise NotTrainedError(
                f"{since} has no histories to compare with: --changed-since needs a version that "
                "was trained and not removed; without it all lists are written"
            )
        default = outputs_root(dataset.root) / "exports" / dataset.name / folder.name
        default = default / f"since-{since.name}" if since else default
        out = out or default
        cluster = None if spark is None else Cluster(spark, out)
        return cls(dataset, folder, n, out, by, since, rules, log, cluster)

    def run(self, what: What | None = None, console: Console | None = None) -> list[Path]:
        """Write the files.

        Parameters
        ----------
        what
            ``users`` (recommendations.parquet), ``items`` (similar_items.parquet) or ``both``,
            which is the default. With ``changed_since`` it is ``users``, and the only choice; the
            second file is then removed_users.parquet.
        console
            Where progress is shown, by default the notebook or standard output.

        Returns
        -------
        list of Path
            The files. Each replaces an older one only when it is whole.

        Raises
        ------
        StorageError
            When a file cannot be written; an older one stays.
        ParameterError
            For lists of items with ``changed_since``, and for them alone with ``log``.

        Examples
        --------
        >>> from recsys_lib.paths import Dataset
        >>> Export.from_version(Dataset.find("sample")).run("items")  # doctest: +SKIP
        """
        what = what or ("users" if self.changed_since else "both")
        if self.changed_since and what != "users":
            raise ParameterError(
                "--changed-since goes with --what users: lists of similar items depend on the "
                "whole model, not on one history"
            )
        if self.log and what == "items":
            raise ParameterError("--log goes with lists of users: similar items are for nobody")
        models = self._open()
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            paths = []
            if self.changed_since:
                return self._write_changed(models, self.changed_since, console or console_of())
            if what != "items":
                everybody = np.arange(len(models.require_als().users))
                paths.append(self._write_users(models, everybody, console))
            if what != "users":
                write_items(self.out, models, self.n, self._about(models), console)
                paths.append(self.out / FOR_ITEMS)
            return paths
        except OSError as error:
            raise StorageError(
                f"the lists could not be written to {self.out} ({error.strerror or error})"
            ) from error

    def _open(self) -> Recommender:
        """The parts that are needed, each opened once."""
        if self.by == "served" and has_part(self.version, BLEND_PART):
            return Recommender.load(self.version, dataset=self.dataset, rules=self.rules)
        als, search = AlsModel.load(self.version / ALS_PART), None
        if has_part(self.version, SEARCH_PART):  # it knows variants, and items that nobody liked
            search = ProductSearch.load(self.version / SEARCH_PART)
        models = Recommender(self.dataset, als, search, self.version.name)
        if self.rules and self.dataset.rules.is_file():
            models.use_rules(self.dataset.rules)
        return models

    def _write_changed(self, models: Recommender, since: Path, console: Console) -> list[Path]:
        """The lists of users whose history changed, and the ids of those who are gone."""
        als = models.require_als()
        parts = (ALS_PART, SEARCH_PART, BLEND_PART) if models.blend else (ALS_PART,)
        changes = Changes.between(since, self.version, als, parts)
        console.print(changes.sentence(since.name, len(als.users)))
        path = self._write_users(models, changes.users, console)
        gone = self.out / REMOVED_USERS
        with replacing(gone) as temporary:
            changes.removed.alias(Exports.USER).to_frame().write_parquet(temporary)
        return [path, gone]

    def _write_users(self, models: Recommender, rows: np.ndarray, console: Console | None) -> Path:
        path, about = self.out / FOR_USERS, self._about(models)
        if self.cluster:
            write = partial(_write_part, replace(self, cluster=None), about)
            write_on_cluster(write, rows, path, self.cluster)
        else:
            write_users(self.out, models, rows, self.n, about, log=self.log, console=console)
        if self.log:
            rules = models.rules.fingerprint if models.rules else None
            log_export(self.dataset.feedback, path, self.version.name, policy_of(rules))
        return path

    def _about(self, models: Recommender) -> dict[str, str]:
        about = {"dataset": self.dataset.name, "version": self.version.name}
        if self.changed_since:
            about["changed_since"] = self.changed_since.name
        if models.rules:
            about["rules"] = models.rules.fingerprint
        return about


def _write_part(export: Export, about: dict[str, str], rows: np.ndarray, out: Path) -> None:
    """Runs on an executor: write the lists of some users into a folder."""
    models, quiet = _opened(export), console_of(quiet=True)
    write_users(out, models, rows, export.n, about, log=export.log, console=quiet)


@cache
def _opened(export: Export) -> Recommender:
    """The models of an export, opened once in each Python of an executor."""
    return export._open()
