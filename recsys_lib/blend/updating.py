"""Bring a blend part in step with changed interactions, without learning anew.

Sources that only count are counted again on all interactions, by the functions of the training:
they are those of a full run. What was learned stays: weights, half-lives, and the sources that are
solved or trained.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsys_lib.blend.part import BlendPart, store_blend_part
from recsys_lib.blend.signals import Signals
from recsys_lib.blend.sources import Training, source_types, train_sources
from recsys_lib.data.interactions import Interactions
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry.parts import Part


@dataclass(frozen=True)
class UpdatedBlend:
    """Names of sources: ``counted`` anew on all interactions, ``trained`` anew, or ``kept``."""

    counted: list[str]
    trained: list[str]
    kept: list[str]


def update_blend_part(  # each one is a part of the version, or optional
    before: Path,
    items_before: IdMap,
    folder: Path,
    interactions: Interactions,
    parameters: AlsParameters,
    *,
    data_fingerprint: str,
    retrained: Collection[str] = (),
) -> UpdatedBlend:
    """Store a blend part for changed interactions.

    Parameters
    ----------
    before, items_before
        Folder of the part to go on from, and the items of the ALS part beside it.
    folder
        Where to put the new part.
    interactions
        All interactions of now.
    parameters
        Those of the ALS part.
    data_fingerprint
        Of the interactions, for the manifest.
    retrained
        Sources to train anew although they are not additive.

    Returns
    -------
    UpdatedBlend
        What became of each stored source.
    """
    part, opened = Part.read(before), BlendPart.load(before, items_before)
    signals = Signals(**part.parameters["signals"])
    training = Training(interactions, parameters, signals=signals)
    rows, n_items = items_before.rows_in(interactions.items), len(interactions.items)
    stored = {name.partition(".")[0] for name in opened.arrays if "." in name}
    arrays: dict[str, np.ndarray] = {}
    found = UpdatedBlend([], [], [])
    for name, source_type in source_types().items():
        if name not in stored:
            continue
        prefix = f"{name}."
        own = {key.removeprefix(prefix): a for key, a in opened.arrays.items() if prefix in key}
        anew = source_type.additive or name in retrained
        moved = None if anew else source_type.renumbered(own, rows, n_items)
        if moved is None:
            (source,) = train_sources(training, {name}).values()
            moved = source.arrays()
        group = found.counted if source_type.additive else found.trained if anew else found.kept
        group.append(name)
        arrays |= {f"{name}.{key}": array for key, array in moved.items()}
    store_blend_part(
        folder,
        arrays,
        [training.histories],
        interactions.items,
        facts=part.parameters,
        data_fingerprint=data_fingerprint,
        metrics=part.manifest["metrics"],
    )
    return found
