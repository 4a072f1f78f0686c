"""Writing the ALS part of a model version, from interactions in memory or in blocks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.als.part import ITEMS_FILE, MEANS_FILE
from recsys_lib.als.training import TrainedAls
from recsys_lib.als.user_files import UserFilesWriter
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters
from recsys_lib.registry.parts import ITEM_FACTORS_FILE, writing_part

_LIBRARIES = ("implicit", "numpy", "scipy")


def write_als_part(
    folder: Path,
    trained: TrainedAls,
    interactions: Interactions,
    items: pl.DataFrame,
    *,
    parameters: AlsParameters,
    data_fingerprint: str,
) -> dict[str, float]:
    """Store item factors, histories and ids as one part; return the metrics of the training.

    User factors are not stored: they are by far the largest array, and fold-in solves for those of
    a user exactly, in a fraction of a millisecond.

    Parameters
    ----------
    folder : Path
        Replaced as a whole, when everything is written.
    trained : TrainedAls
    interactions : Interactions
        What it was trained on.
    items : polars.DataFrame
        Columns id, title and image_url; one row per item, in the order of ``interactions.items``.
    parameters : AlsParameters
        As in the training.
    data_fingerprint : str
        Identifies the data in the manifest.

    Returns
    -------
    dict of str to float
        ``als.iterations``, ``als.loss``, ``als.seconds_per_iteration``, ``als.training_seconds``,
        ``als.users`` and ``als.items``.

    Raises
    ------
    ValueError
        If ``items`` does not match the interactions.

    Examples
    --------
    See :class:`recsys_lib.als.AlsModel`, which opens the part.
    """
    seconds = [iteration.seconds for iteration in trained.history]
    metrics = {
        "als.iterations": len(trained.history),
        "als.loss": trained.losses[-1],
        "als.seconds_per_iteration": float(np.mean(seconds)),
        "als.training_seconds": float(sum(seconds)),
        "als.users": len(interactions.users),
        "als.items": len(interactions.items),
    }
    store_als_part(
        folder,
        trained.item_factors,
        interactions,
        items,
        parameters=parameters,
        data_fingerprint=data_fingerprint,
        metrics=metrics,
    )
    return metrics


def store_als_part(
    folder: Path,
    item_factors: np.ndarray,
    interactions: Interactions,
    items: pl.DataFrame,
    *,
    parameters: AlsParameters,
    data_fingerprint: str,
    metrics: dict[str, float],
) -> None:
    """Store item factors, float32 (items, factors), with what fold-in needs of interactions.

    ``metrics`` are recorded; everything else is as for :func:`write_als_part`.
    """
    if not items["id"].equals(interactions.items.series()):
        raise ValueError("items must have one row per item, in the order of interactions.items")
    store_als_blocks(
        folder,
        item_factors,
        [interactions],
        items,
        interactions.mean_ratings(),
        parameters=parameters,
        data_fingerprint=data_fingerprint,
        metrics=metrics,
    )


def store_als_blocks(  # noqa: PLR0913  # those of store_als_part, and what no block can tell
    folder: Path,
    item_factors: np.ndarray,
    blocks: Iterable[Interactions],
    items: pl.DataFrame,
    mean_ratings: np.ndarray | None,
    *,
    parameters: AlsParameters,
    data_fingerprint: str,
    metrics: dict[str, float],
) -> None:
    """The same for interactions that need not fit into memory.

    Parameters
    ----------
    folder, item_factors, items, parameters, data_fingerprint, metrics
        As for :func:`store_als_part`.
    blocks
        All interactions of some users each, no user in two of them, all with the same items. Ids
        of users that ascend from block to block take no memory. With ``half_life_days`` there is
        one block, since the newest interaction of a block counts as the newest of all.
    mean_ratings
        Of each item, float32, shape (items,); None where ratings are no opinions.
    """
    with writing_part(
        folder,
        parameters=parameters.model_dump(),
        data_fingerprint=data_fingerprint,
        libraries=_LIBRARIES,
        metrics=metrics,
    ) as part:
        np.save(part / ITEM_FACTORS_FILE, item_factors)
        if mean_ratings is not None:
            np.save(part / MEANS_FILE, mean_ratings)
        items.select("id", "title", "image_url").write_parquet(part / ITEMS_FILE)
        with UserFilesWriter(part, len(items), parameters) as users:
            for interactions in blocks:
                users.add(interactions)
