"""Lists for everybody at once: ``recsys export``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from scipy import sparse

from recsys_lib.als import AlsModel
from recsys_lib.als.distinct import DistinctRows
from recsys_lib.als.queries import Queries, faded, fold_in_all
from recsys_lib.als.scoring import Ranker
from recsys_lib.artifacts import ALS_PART, has_part
from recsys_lib.columns import Exports
from recsys_lib.errors import NotTrainedError, ParameterError, StorageError
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.serving.export_file import lists_file, texts
from recsys_lib.serving.export_progress import Advance, Steps
from recsys_lib.serving.registry import require_champion, run_command

What = Literal["users", "items", "both"]

FOR_USERS = "recommendations.parquet"
FOR_ITEMS = "similar_items.parquet"
_ASKED = 8192  # lists computed at once
_WRITTEN = 1 << 20  # rows of a row group, about
_FOLDED = 1 << 16  # histories solved at once


@dataclass(frozen=True)
class Export:
    """What to write of one model version.

    Parameters
    ----------
    dataset: whose model.
    version: folder of the version, which has an ALS part.
    n: length of the lists.
    out: folder of the files.
    """

    dataset: Dataset
    version: Path
    n: int
    out: Path

    @classmethod
    def find(
        cls, dataset: Dataset, version: str = "", n: int = 10, out: Path | None = None
    ) -> Export:
        """The version of this name, or the one that is served.

        Files go to outputs/exports/<dataset>/<version>/ by default. Raises ParameterError for n
        below 1, NotTrainedError, saying what to run, when there is no such model.
        """
        if n < 1:
            raise ParameterError(f"--n must be at least 1, got {n}")
        folder = dataset.version(version) if version else require_champion(dataset)
        if not has_part(folder, ALS_PART):
            raise NotTrainedError(
                f"{folder} has no trained factors to export: {run_command(dataset)}"
            )
        default = outputs_root(dataset.root) / "exports" / dataset.name / folder.name
        return cls(dataset, folder, n, out or default)

    def run(self, what: What, steps: Steps) -> list[Path]:
        """Write the files and return them; each is replaced when its successor is whole.

        Raises StorageError when one cannot be written; what was there before stays.
        """
        model = AlsModel.load(self.version / ALS_PART)
        possible = replace(self, n=min(self.n, len(model.items)))
        writers = {FOR_USERS: possible._users, FOR_ITEMS: possible._items}
        without = {"users": FOR_ITEMS, "items": FOR_USERS, "both": None}[what]
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            return [write(model, steps) for name, write in writers.items() if name != without]
        except OSError as error:
            raise StorageError(
                f"the lists could not be written to {self.out} ({error.strerror or error})"
            ) from error

    def _users(self, model: AlsModel, steps: Steps) -> Path:
        path = self.out / FOR_USERS
        with (
            TemporaryDirectory(dir=self.out, prefix=".export-") as scratch,
            lists_file(path, Exports.FOR_USERS, model.items, self._about) as file,
        ):
            queries = user_queries(model, Path(scratch))
            users = f"lists for {len(model.users):,} users"
            with steps.step(users, queries.n_lists) as advance:
                items, scores = _answers(queries, model, self.n, Path(scratch), advance)
            ids, block = texts(model.users), max(1, _WRITTEN // self.n)
            with steps.step(f"users written to {path}", len(ids)) as advance:
                for start in range(0, len(ids), block):
                    mine = queries.group[start : start + block]
                    scaled = scores[mine] * queries.scale[start : start + block, None]
                    file.write(ids[start : start + block], items[mine], scaled)
                    advance(len(mine))
        return path

    def _items(self, model: AlsModel, steps: Steps) -> Path:
        path = self.out / FOR_ITEMS
        ids, vectors = texts(model.items), _directions(model.model.item_factors)
        ranker, itself = Ranker.of(vectors), sparse.identity(len(ids), np.float32, "csr")
        block = min(_ASKED, max(1, _WRITTEN // self.n))
        with (
            lists_file(path, Exports.FOR_ITEMS, model.items, self._about) as file,
            steps.step(f"items written to {path}", len(ids)) as advance,
        ):
            for start in range(0, len(ids), block):
                mine = slice(start, start + block)
                file.write(ids[mine], *ranker.best(vectors[mine], itself[mine], self.n))
                advance(len(ids[mine]))
        return path

    @property
    def _about(self) -> dict[str, str]:
        return {"dataset": self.dataset.name, "version": self.version.name}


def user_queries(model: AlsModel, scratch: Path) -> Queries:
    """What all users ask; folded-in vectors are kept in a file in ``scratch``."""
    parameters, histories = model.parameters, model.user_items
    one_lambda = not parameters.frequency_scaling
    if not parameters.recency_half_life:
        vectors = np.asarray(model.model.user_factors)
        return Queries.of(vectors, histories, one_lambda=one_lambda)
    distinct = DistinctRows.of(faded(histories, model.newer, parameters.recency_half_life))
    shape = (distinct.rows.shape[0], parameters.factors)
    vectors = _file(scratch / "vectors.npy", np.float32, shape)
    for start in range(0, len(vectors), _FOLDED):
        some = slice(start, start + _FOLDED)
        vectors[some] = fold_in_all(
            distinct.rows[some], model.model.item_factors, model.model.penalty
        )
    queries = Queries.of(np.asarray(vectors), distinct.rows, one_lambda=one_lambda)
    return queries.of_users(distinct.group)


def _answers(
    queries: Queries, model: AlsModel, n: int, scratch: Path, advance: Advance
) -> tuple[np.ndarray, np.ndarray]:
    """Items and scores of all lists, in files: they need not fit into memory."""
    ranker, shape = Ranker.of(model.model.item_factors), (queries.n_lists, n)
    items = _file(scratch / "items.npy", np.int32, shape)
    scores = _file(scratch / "scores.npy", np.float32, shape)
    for start in range(0, queries.n_lists, _ASKED):
        some = slice(start, start + _ASKED)
        items[some], scores[some] = queries.best(ranker, some, n)
        advance(len(items[some]))
    return items, scores


def _file(path: Path, kind: type[np.generic], shape: tuple[int, int]) -> np.ndarray:
    return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)


def _directions(factors: np.ndarray) -> np.ndarray:
    """Vectors of length 1; those of items that nobody likes stay 0."""
    norms = np.linalg.norm(factors, axis=1, keepdims=True)
    return np.divide(factors, norms, out=np.zeros_like(factors), where=norms > 0)
