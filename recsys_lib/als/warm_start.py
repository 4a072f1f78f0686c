"""Start a training from the item factors of an earlier version."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.als.part import ITEMS_FILE
from recsys_lib.errors import ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry.parts import ALS_PART, ITEM_FACTORS_FILE, Part, champion, has_part

_CHAMPION = "champion"
_INITIAL_SCALE = 0.01


@dataclass(frozen=True)
class WarmStart:
    """The start of a training.

    Parameters
    ----------
    factors: initial item factors, float32, shape (items, factors); None for a random start.
    version: the version they come from, "" for none.
    n_known: number of items that version knew.
    """

    factors: np.ndarray | None
    version: str = ""
    n_known: int = 0

    @property
    def description(self) -> str:
        """Where the factors come from, in words."""
        if self.factors is None:
            return "random factors"
        return f"version {self.version}, which knew {self.n_known:,} of {len(self.factors):,} items"

    @classmethod
    def from_version(cls, dataset: Dataset, parameters: AlsParameters, items: IdMap) -> WarmStart:
        """Take the factors of the version that ``als.warm_start`` names, matched by item id.

        New items start at random, and so do all if "champion" is named and none has factors yet.
        Raises ParameterError if the version has another number of factors, ArtifactError if it
        has no ALS part.
        """
        wanted = parameters.warm_start
        folder = champion(dataset) if wanted == _CHAMPION else wanted and dataset.version(wanted)
        if not folder or (wanted == _CHAMPION and not has_part(folder, ALS_PART)):
            return cls(None)
        part = Part.read(folder / ALS_PART)
        ids = IdMap(pl.read_parquet(part.folder / ITEMS_FILE, columns=["id"], glob=False)["id"])
        known = ids.rows(list(items.ids()), missing="negative")
        old = part.array(ITEM_FACTORS_FILE)
        if old.shape[1] != parameters.factors:
            raise ParameterError(
                f"als.warm_start: version {folder.name} has {old.shape[1]} factors, not "
                f"{parameters.factors}: set als.factors to that, or als.warm_start to ''"
            )
        random = np.random.default_rng(parameters.seed)
        factors = random.random((len(items), parameters.factors), dtype=np.float32)
        factors *= np.float32(_INITIAL_SCALE)
        factors[known >= 0] = old[known[known >= 0]]
        return cls(factors, folder.name, int((known >= 0).sum()))
