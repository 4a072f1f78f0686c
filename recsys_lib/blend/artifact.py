"""The blend part of a model version: written by 04_evaluate, asked by the recommender."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from recsys_lib.als import AlsModel
from recsys_lib.als.fold_in import FoldIn
from recsys_lib.blend.blend import TERMS, Blend, BlendWeights
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.learning import LearnedBlend, with_half_lives
from recsys_lib.blend.sources import (
    AFTER,
    ALS,
    POPULAR,
    RECENT,
    TEXT,
    TOGETHER,
    CandidateSource,
    FoldedAls,
    Neighbours,
    Popularity,
    TextNeighbours,
)
from recsys_lib.blend.train import counted_sources, item_embeddings
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry.parts import Part, writing_part

if TYPE_CHECKING:
    from recsys_lib.search import ProductSearch

_LIBRARIES = ("numpy", "scipy")
_MATRICES, _COUNTS = (AFTER, TOGETHER), (POPULAR, RECENT)
_HISTORIES = ("indptr", "items", "confidences")


def write_blend_part(
    folder: Path,
    learned: LearnedBlend,
    interactions: Interactions,
    parameters: AlsParameters,
    *,
    data_fingerprint: str,
) -> None:
    """Store the blend, and the sources that are counted, from all interactions.

    ``parameters`` are those of the ALS part beside it.
    """
    blend, histories = learned.served_weights, Histories.from_interactions(interactions, parameters)
    facts = {
        "served": learned.served,
        "weights": {name: list(weights) for name, weights in blend.coefficients.items()},
        "half_lives": {
            name: None if math.isinf(value) else value for name, value in blend.half_lives.items()
        },
        "shortest": blend.shortest,
        "people": learned.n_users,
    }
    validation = {f"validation.{n}.ndcg@10": value for n, value in learned.validation.items()}
    with writing_part(
        folder,
        parameters=facts,
        data_fingerprint=data_fingerprint,
        libraries=_LIBRARIES,
        metrics=validation,
    ) as part:
        for name, source in counted_sources(interactions, histories).items():
            if isinstance(source, Neighbours):
                sparse.save_npz(part / f"{name}.npz", source.weights, compressed=False)
            elif isinstance(source, Popularity):
                np.save(part / f"{name}.npy", source.counts)
        np.save(part / "indptr.npy", histories.indptr)
        np.save(part / "items.npy", histories.items)
        np.save(part / "confidences.npy", histories.confidences)
        interactions.items.series().to_frame().write_parquet(part / "items.parquet")


def load_blend(folder: Path, als: AlsModel, search: ProductSearch | None) -> tuple[Blend, IdMap]:
    """The model that is served, and its items: those of ALS, then products nobody has yet.

    ArtifactError when the part is not whole, or was made with another ALS part.
    """
    part = Part.read(folder)
    if IdMap(pl.read_parquet(folder / "items.parquet")["id"]) != als.items:
        raise ArtifactError(f"{folder} belongs to other items than the ALS part: evaluate again")
    extra = [i for i in search.items.ids() if i not in als.items] if search else []
    items = IdMap([*als.items.ids(), *extra])
    indptr, taken, confidences = (part.array(f"{name}.npy") for name in _HISTORIES)
    histories = Histories(indptr, taken, confidences, len(items))
    sources = _sources(part, als, len(items))
    if search is not None:
        sources[TEXT] = TextNeighbours(item_embeddings(search, items.ids()))
    blend = _blend(part)
    return Blend(with_half_lives(sources, blend.half_lives), blend, histories), items


def _sources(part: Part, als: AlsModel, n_items: int) -> dict[str, CandidateSource]:
    sources: dict[str, CandidateSource] = {}
    for name in _MATRICES:
        matrix = part.matrix(f"{name}.npz")
        matrix.resize((n_items, n_items))
        sources[name] = Neighbours(matrix)
    for name in _COUNTS:
        counts = part.array(f"{name}.npy")
        sources[name] = Popularity(np.pad(counts, (0, n_items - len(counts))))
    factors = np.asarray(als.model.item_factors)
    factors = np.pad(factors, ((0, n_items - len(factors)), (0, 0)))
    sources[ALS] = FoldedAls(FoldIn.of(factors, als.model.penalty))
    return sources


def _blend(part: Part) -> BlendWeights:
    stored: Mapping[str, dict[str, float | None]] = part.parameters
    half_lives = {n: math.inf if v is None else v for n, v in stored["half_lives"].items()}
    weights = {name: tuple(values) for name, values in part.parameters["weights"].items()}
    if any(len(values) != TERMS for values in weights.values()):
        raise ArtifactError(f"{part.folder} is of another version of the blend: evaluate again")
    return BlendWeights(weights, half_lives, part.parameters["shortest"])
