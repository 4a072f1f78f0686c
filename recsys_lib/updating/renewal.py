"""A new version of the models for changed interactions, without a training."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor, wait
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
from recsys_lib.files import replacing
from recsys_lib.ids import IdMap
from recsys_lib.paths import EMBEDDING_CACHE_FILE, Dataset
from recsys_lib.registry import (
    ALS_PART,
    BLEND_PART,
    EVALUATION,
    PER_USER_FILE,
    SEARCH_PART,
    has_part,
)

FORGET = "forget"
"""Who serves a version without some users, in the history."""
_WEIGHTS = "weights of the blend"
_ALS = "als: factors of other items"
_TEST_USER = "user"  # column of the table of test users


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
    dataset: Dataset,
    applied: AppliedUpdates,
    *,
    reason: str,
    retrained: Collection[str] = (),
    without: Collection[str] = (),
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
    without
        Users who are not in the data any more, and must not be in the evaluation either. Then the
        version takes the place of a pinned one, too.

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
    step = _Step(dataset, parent, dataset.version(version), applied)
    als, blend = step.als_and_blend(retrained)
    updated = [*([ALS_PART] if als else []), *([SEARCH_PART] if step.search() else [])]
    updated += [*blend.counted, *blend.trained] if blend else []
    kept = _ages(parent, blend)
    if without:
        _leave_out(dataset, version, parent, without)
    not_served = registry.publish_update(
        dataset,
        version,
        parent,
        {"updated": updated, "kept": kept},
        reason=reason,
        by=FORGET if without else registry.UPDATE,
        replaces_pinned=bool(without),
    )
    return Renewed(version, parent.name, not_served, als, tuple(updated), kept)


@dataclass(frozen=True)
class _Step:
    """From the parts of one version to those of the next."""

    dataset: Dataset
    parent: Path
    folder: Path
    applied: AppliedUpdates

    def als_and_blend(
        self, retrained: Collection[str]
    ) -> tuple[UpdatedAls | None, UpdatedBlend | None]:
        """Both side by side, since neither needs the other; None for a part that is not there.

        What is trained has the processor alone: ALS limits the threads of BLAS while it works, and
        with another number of them the last digits of EASE differ.
        """
        if not has_part(self.parent, ALS_PART):
            return None, None
        before = AlsModel.load(self.parent / ALS_PART)
        given = {"data_fingerprint": self.applied.summary["fingerprint"]}
        interactions = self.applied.interactions
        with ThreadPoolExecutor(1) as pool:
            blend = None
            if has_part(self.parent, BLEND_PART):
                blend = pool.submit(
                    update_blend_part,
                    self.parent / BLEND_PART,
                    before.items,
                    self.folder / BLEND_PART,
                    interactions,
                    before.parameters,
                    retrained=retrained,
                    **given,
                )
            if blend and retrained:
                wait([blend])
            display = _display(self.dataset, before, interactions.items, self.applied.new_products)
            als = update_als_part(before, self.folder / ALS_PART, interactions, display, **given)
            return als, blend.result() if blend else None

    def search(self) -> bool:
        """Whether the search part is a new one; it stays without new products."""
        if not has_part(self.parent, SEARCH_PART):
            return False
        if not self.applied.new_products:
            registry.adopt(self.dataset, self.folder.name, SEARCH_PART, self.parent)
            return False
        from recsys_lib.search import update_search_part  # noqa: PLC0415  # slow import

        update_search_part(
            self.parent / SEARCH_PART,
            self.folder / SEARCH_PART,
            read_products(self.dataset.database),
            data_fingerprint=self.applied.summary["fingerprint"],
            cache=self.dataset.processed / EMBEDDING_CACHE_FILE,
        )
        return True


def _display(
    dataset: Dataset, before: AlsModel, items: IdMap, new_products: Collection[str]
) -> pl.DataFrame:
    """Titles and pictures: those of the parent, and those of new items and products."""
    if items == before.items and not new_products:
        return before.display
    known = before.display.filter(~pl.col("id").is_in(list(new_products)))
    rows = items.series().to_frame()
    missing = rows.join(known, on="id", how="anti")["id"].to_list()
    found = display_table(missing, read_products(dataset.database, missing))
    return rows.join(pl.concat([known, found]), on="id", how="left", maintain_order="left")


def _leave_out(dataset: Dataset, version: str, parent: Path, users: Collection[str]) -> None:
    """Give a version the evaluation of its parent, without these users."""
    if not registry.adopt(dataset, version, EVALUATION, parent):
        return
    path = dataset.version(version) / EVALUATION / PER_USER_FILE
    if path.is_file():
        measured = pl.read_parquet(path, glob=False)
        with replacing(path) as temporary:
            measured.filter(~pl.col(_TEST_USER).is_in(list(users))).write_parquet(temporary)


def _ages(parent: Path, blend: UpdatedBlend | None) -> dict[str, str]:
    """What the new version has from before, and since when that has not changed."""
    manifest = registry.read_manifest(parent)
    before: dict[str, Any] = manifest.get(registry.UPDATE, {}).get("kept", {})
    kept = [*([] if blend is None else [_WEIGHTS, *blend.kept]), _ALS]
    return {name: before.get(name, manifest["published_at"]) for name in kept}
