"""Lists for everybody at once: ``recsys export``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from scipy import sparse

from recsys_lib.als import AlsModel
from recsys_lib.blend.personal import BlendModel
from recsys_lib.columns import Exports
from recsys_lib.errors import NotTrainedError, ParameterError, StorageError
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.ranking.inner_product import Ranker
from recsys_lib.registry.parts import ALS_PART, BLEND_PART, has_part
from recsys_lib.registry.versions import require_champion, run_command
from recsys_lib.serving.export.file import lists_file, texts
from recsys_lib.serving.export.lists import als_lists, served_lists
from recsys_lib.serving.export.progress import Steps
from recsys_lib.serving.recommender import Recommender

What = Literal["users", "items", "both"]
By = Literal["served", "als"]

FOR_USERS = "recommendations.parquet"
FOR_ITEMS = "similar_items.parquet"
_ASKED = 8192  # lists computed at once
_WRITTEN = 1 << 20  # rows of a row group, about


@dataclass(frozen=True)
class Export:
    """What to write of one model version.

    Parameters
    ----------
    dataset: whose model.
    version: folder of the version, which has an ALS part.
    n: length of the lists.
    out: folder of the files.
    by: whose lists users get: ``served`` is what the recommender answers, the blend of a version
        that was evaluated; ``als`` is matrix factorization.
    """

    dataset: Dataset
    version: Path
    n: int
    out: Path
    by: By = "served"

    @classmethod
    def find(
        cls,
        dataset: Dataset,
        version: str = "",
        n: int = 10,
        out: Path | None = None,
        by: By = "served",
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
        return cls(dataset, folder, n, out or default, by)

    def run(self, what: What, steps: Steps) -> list[Path]:
        """Write the files and return them; each is replaced when its successor is whole.

        Raises StorageError when one cannot be written; what was there before stays.
        """
        model = AlsModel.load(self.version / ALS_PART)
        writers = {FOR_USERS: self._users, FOR_ITEMS: self._items}
        without = {"users": FOR_ITEMS, "items": FOR_USERS, "both": None}[what]
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            return [write(model, steps) for name, write in writers.items() if name != without]
        except OSError as error:
            raise StorageError(
                f"the lists could not be written to {self.out} ({error.strerror or error})"
            ) from error

    def _users(self, model: AlsModel, steps: Steps) -> Path:
        path, personal = self.out / FOR_USERS, self._personal()
        items = personal.items if personal else model.items
        n = min(self.n, len(items))
        about = {**self._about, "by": BLEND_PART if personal else ALS_PART}
        with (
            TemporaryDirectory(dir=self.out, prefix=".export-") as scratch,
            lists_file(path, Exports.FOR_USERS, items, about) as file,
        ):
            lists = (
                served_lists(personal, n, Path(scratch), steps)
                if personal
                else als_lists(model, n, Path(scratch), steps)
            )
            ids, block = texts(model.users), max(1, _WRITTEN // n)
            with steps.step(f"users written to {path}", len(ids)) as advance:
                for start in range(0, len(ids), block):
                    users = slice(start, start + block)
                    file.write(ids[users], *lists.of_users(users))
                    advance(len(ids[users]))
        return path

    def _personal(self) -> BlendModel | None:
        """The blend, where it is asked for and the version has one."""
        return Recommender.load(self.version).blend if self.by == "served" else None

    def _items(self, model: AlsModel, steps: Steps) -> Path:
        path = self.out / FOR_ITEMS
        ids, vectors = texts(model.items), _directions(model.model.item_factors)
        n = min(self.n, len(ids))
        ranker, itself = Ranker.of(vectors), sparse.identity(len(ids), np.float32, "csr")
        block = min(_ASKED, max(1, _WRITTEN // n))
        with (
            lists_file(path, Exports.FOR_ITEMS, model.items, self._about) as file,
            steps.step(f"items written to {path}", len(ids)) as advance,
        ):
            for start in range(0, len(ids), block):
                mine = slice(start, start + block)
                file.write(ids[mine], *ranker.best(vectors[mine], itself[mine], n))
                advance(len(ids[mine]))
        return path

    @property
    def _about(self) -> dict[str, str]:
        return {"dataset": self.dataset.name, "version": self.version.name}


def _directions(factors: np.ndarray) -> np.ndarray:
    """Vectors of length 1; those of items that nobody likes stay 0."""
    norms = np.linalg.norm(factors, axis=1, keepdims=True)
    return np.divide(factors, norms, out=np.zeros_like(factors), where=norms > 0)
