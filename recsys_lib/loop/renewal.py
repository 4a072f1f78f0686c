"""A new version of the models for changed interactions, without a training."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from recsys_lib import registry
from recsys_lib.als import AlsModel, UpdatedAls, update_als_part
from recsys_lib.blend import UpdatedBlend, update_blend_part
from recsys_lib.data.database import read_products
from recsys_lib.data.display import display_table
from recsys_lib.data.updating import AppliedUpdates
from recsys_lib.ids import IdMap
from recsys_lib.paths import EMBEDDING_CACHE_FILE, Dataset
from recsys_lib.registry import ALS_PART, BLEND_PART, SEARCH_PART, has_part

_WEIGHTS = "weights of the blend"
_ALS = "als: factors of other items"


@dataclass(frozen=True)
class Renewed:
    """A version that follows another one.

    Parameters
    ----------
    version, parent: their names.
    not_served: why it is not served, with what to do; "" where it is.
    updated: what it has of the data of now.
    kept: what was learned before -> when that was (UTC, ISO 8601).
    """

    version: str
    parent: str
    not_served: str = ""
    als: UpdatedAls | None = None
    updated: tuple[str, ...] = ()
    kept: dict[str, str] = field(default_factory=dict)


def renew(
    dataset: Dataset, applied: AppliedUpdates, *, reason: str, retrained: Collection[str] = ()
) -> Renewed:
    """Make and serve a version of the champion's models for the data of now.

    Parameters
    ----------
    dataset
        Whose champion.
    applied
        The data of now.
    reason
        For the history.
    retrained
        Sources to train anew although an update would keep them.

    Returns
    -------
    Renewed
        Its files are new; those of the champion stay as they are.

    Raises
    ------
    NotTrainedError
        If nothing is served.
    """
    parent, version = registry.require_champion(dataset), registry.update_name(dataset)
    folder, fingerprint = dataset.version(version), applied.summary["fingerprint"]
    updated: list[str] = []
    als = None
    if has_part(parent, ALS_PART):
        before = AlsModel.load(parent / ALS_PART)
        als = update_als_part(
            before,
            folder / ALS_PART,
            applied.interactions,
            _display(dataset, before, applied.interactions.items, applied.new_products),
            data_fingerprint=fingerprint,
        )
        updated.append(ALS_PART)
    if has_part(parent, SEARCH_PART):
        if applied.new_products:
            _rebuild_search(dataset, parent, folder, fingerprint)
            updated.append(SEARCH_PART)
        else:
            registry.adopt(dataset, version, SEARCH_PART, parent)
    blend = None
    if als is not None and has_part(parent, BLEND_PART):
        blend = update_blend_part(
            parent / BLEND_PART,
            before.items,
            folder / BLEND_PART,
            applied.interactions,
            before.parameters,
            data_fingerprint=fingerprint,
            retrained=retrained,
        )
        updated += [*blend.counted, *blend.trained]
    kept = _ages(parent, blend)
    not_served = registry.publish_update(
        dataset, version, parent, {"updated": updated, "kept": kept}, reason=reason
    )
    return Renewed(version, parent.name, not_served, als, tuple(updated), kept)


def _display(
    dataset: Dataset, before: AlsModel, items: IdMap, new_products: Collection[str]
) -> pl.DataFrame:
    """Titles and pictures: those of before, and those of new items and products."""
    known = before.display.filter(~pl.col("id").is_in(list(new_products)))
    rows = items.series().to_frame()
    missing = rows.join(known, on="id", how="anti")["id"].to_list()
    found = display_table(missing, read_products(dataset.database, missing))
    return rows.join(pl.concat([known, found]), on="id", how="left", maintain_order="left")


def _rebuild_search(dataset: Dataset, parent: Path, folder: Path, fingerprint: str) -> None:
    """Embed what is new, and index everything, with the parameters of before."""
    from recsys_lib.search import ProductSearch, build_search_part  # noqa: PLC0415  # slow import

    build_search_part(
        read_products(dataset.database),
        ProductSearch.load(parent / SEARCH_PART).parameters,
        folder / SEARCH_PART,
        fingerprint,
        cache=dataset.processed / EMBEDDING_CACHE_FILE,
        raw=dataset.raw,
    )


def _ages(parent: Path, blend: UpdatedBlend | None) -> dict[str, str]:
    """What the new version has from before, and since when that has not changed."""
    manifest = registry.read_manifest(parent)
    before: dict[str, Any] = manifest.get(registry.UPDATE, {}).get("kept", {})
    kept = [*([] if blend is None else [_WEIGHTS, *blend.kept]), _ALS]
    return {name: before.get(name, manifest["published_at"]) for name in kept}
