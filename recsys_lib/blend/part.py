"""The blend part of a model version, as files: weights, histories, and the counted sources."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recsys_lib.blend.blend import TERMS, BlendWeights
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.learned import LearnedBlend
from recsys_lib.blend.signals import EqualSignals, Signals
from recsys_lib.blend.sources import (
    ALS,
    POPULAR,
    RECENT,
    CandidateSource,
    ServedParts,
    SourceOptions,
    Training,
    source_types,
)
from recsys_lib.blend.sources import train_sources as train_all
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry.growing import GrowingArray
from recsys_lib.registry.mapped import for_single_rows, into_memory
from recsys_lib.registry.parts import Part, writing_part

_LIBRARIES = ("numpy", "scipy")
_ITEMS = "items.parquet"
_HISTORIES: dict[str, type[np.generic]] = {
    "indptr": np.int64,
    "items": np.int32,
    "newer": np.int32,
    "confidences": np.float32,
    "strength": np.float32,
    "liked": np.bool,
}
HISTORY_FILES = tuple(f"{key}.npy" for key in _HISTORIES)
"""What a part knows of its users; all its other files are the model."""


def write_blend_part(
    folder: Path,
    learned: LearnedBlend,
    interactions: Interactions,
    parameters: AlsParameters,
    *,
    data_fingerprint: str,
    options: SourceOptions | None = None,
    start: Mapping[str, CandidateSource] | None = None,
) -> None:
    """Store what is served: weights, and the counted sources trained on all interactions.

    Parameters
    ----------
    folder
        Where to put the part, ``<version>/blend``; replaced when the new one is complete.
    learned
        The result of :func:`learn_blend`.
    interactions
        All interactions of the dataset, those that were held out included.
    parameters
        Those of the ALS part beside it.
    data_fingerprint
        Fingerprint of the interactions, recorded in the manifest.
    options
        Limits of the sources that take long.
    start
        Sources trained on a part of the interactions, to go on from.
    """
    training = Training(
        interactions, parameters, None, learned.signals, options or SourceOptions(), start or {}
    )
    needed = needed_sources(learned.served_weights)
    store_blend_part(
        folder,
        {
            f"{name}.{key}": array
            for name, source in train_all(training, needed, counted_only=True).items()
            for key, array in source.arrays().items()
        },
        [training.histories],
        interactions.items,
        facts=learned_facts(learned),
        data_fingerprint=data_fingerprint,
        metrics={f"validation.{n}.ndcg@10": value for n, value in learned.validation.items()}
        | {f"similar.{by}.ndcg@10": value for by, value in learned.similar.quality.items()},
    )


def store_blend_part(
    folder: Path,
    arrays: Mapping[str, np.ndarray],
    histories: Iterable[Histories],
    items: IdMap,
    *,
    facts: dict[str, Any],
    data_fingerprint: str,
    metrics: dict[str, float],
) -> None:
    """Store the ``arrays`` of sources, by source.name, with histories and what was learned.

    ``histories`` are those of all users in the order of the ALS part, in blocks: they need not fit
    into memory.
    """
    with writing_part(
        folder,
        parameters=facts,
        data_fingerprint=data_fingerprint,
        libraries=_LIBRARIES,
        metrics=metrics,
    ) as part:
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array)
        _write_histories(part, histories)
        items.series().to_frame().write_parquet(part / _ITEMS)


def _write_histories(part: Path, blocks: Iterable[Histories]) -> None:
    with ExitStack() as stack:
        files = {
            key: stack.enter_context(GrowingArray(part / f"{key}.npy", kind))
            for key, kind in _HISTORIES.items()
        }
        files["indptr"].append(np.zeros(1))
        for block in blocks:
            files["indptr"].append(len(files["items"]) + block.indptr[1:])
            for key in _HISTORIES.keys() - {"indptr"}:
                files[key].append(getattr(block, key))


def learned_facts(learned: LearnedBlend) -> dict[str, Any]:
    """What a part records of a blend; JSON knows no infinity, so such a half-life is null."""
    weights = learned.served_weights
    half_lives = {n: None if math.isinf(v) else v for n, v in weights.half_lives.items()}
    return {
        "served": learned.served,
        "weights": {name: list(values) for name, values in weights.coefficients.items()},
        "half_lives": half_lives,
        "shortest": weights.shortest,
        "users": learned.n_users,
        "similar_by": learned.similar.by,
        "signals": {
            "min_rating": learned.signals.min_rating,
            "event_weights": dict(learned.signals.event_weights),
        },
    }


@dataclass(frozen=True)
class BlendPart:
    """An open blend part: all arrays are mapped, so that its folder may be removed meanwhile.

    Parameters
    ----------
    folder: where it was read from.
    weights: what is served.
    similar_by: what similar items go by.
    arrays: by file name without its ending, memory-mapped.
    signals: what an interaction says.
    """

    folder: Path
    weights: BlendWeights
    similar_by: str
    arrays: Mapping[str, np.ndarray]
    signals: Signals = EqualSignals

    @classmethod
    def load(cls, folder: Path, als_items: IdMap) -> BlendPart:
        """Open all files. ArtifactError when the part is damaged or made for other ALS items."""
        part = Part.read(folder)
        if IdMap(pl.read_parquet(folder / _ITEMS, glob=False)["id"]) != als_items:
            raise ArtifactError(f"{folder} has other items than the ALS part: evaluate again")
        names = [name for name in part.manifest["files"] if name.endswith(".npy")]
        arrays = {name.removesuffix(".npy"): part.array(name) for name in names}
        stored = {name.partition(".")[0] for name in arrays}
        weights = _weights(part)
        for name, source in source_types().items():
            if source.counted and name in weights.coefficients and name not in stored:
                raise ArtifactError(f"{folder} has no source {name!r}: evaluate again")
        signals = Signals(**part.parameters.get("signals", {}))
        return cls(folder, weights, part.parameters.get("similar_by", ALS), arrays, signals)

    def histories(self, n_items: int) -> Histories:
        """Histories of all users, in the order of the ALS part."""
        arrays = {key: for_single_rows(self.arrays[key]) for key in _HISTORIES}
        return Histories(**arrays, n_items=n_items)

    def read_sources(self) -> None:
        """Let the system read the arrays of the sources into memory: every question wants them.

        Those of users stay on disk.
        """
        into_memory(*(array for name, array in self.arrays.items() if "." in name))

    def sources(self, parts: ServedParts) -> dict[str, CandidateSource]:
        """Every source that is used and for which there are data, with infinite half-lives."""
        sources = {}
        needed = needed_sources(self.weights)
        for name, source_type in source_types().items():
            if name not in needed:
                continue
            keys = [key for key in self.arrays if key.startswith(f"{name}.")]
            own = {key.removeprefix(f"{name}."): self.arrays[key] for key in keys}
            if source_type.counted and not own:
                continue
            source = source_type.load(own, parts)
            if source is not None:
                sources[name] = source
        return sources


def needed_sources(weights: BlendWeights) -> set[str]:
    """Names of the sources that serving asks: those with a weight, and popularity for strangers."""
    return {*weights.coefficients, POPULAR, *((RECENT,) if weights.use_trend else ())}


def _weights(part: Part) -> BlendWeights:
    facts = part.parameters
    half_lives = {n: math.inf if v is None else v for n, v in facts["half_lives"].items()}
    coefficients = {name: tuple(values) for name, values in facts["weights"].items()}
    if any(len(values) != TERMS for values in coefficients.values()):
        raise ArtifactError(f"{part.folder} was written by another version: evaluate again")
    return BlendWeights(coefficients, half_lives, facts["shortest"])
