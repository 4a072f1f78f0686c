"""The files of an export: lists of some users, and of all items."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from rich.console import Console

from recsys_lib.columns import Exports
from recsys_lib.display.progress import progress_for
from recsys_lib.loop.records import new_id
from recsys_lib.registry import ALS_PART, BLEND_PART
from recsys_lib.serving.export._lists import als_lists, blend_lists, id_array, lists_file
from recsys_lib.serving.export._ruled import RuledLists
from recsys_lib.serving.export._similar_lists import SimilarLists
from recsys_lib.serving.recommender import Recommender

FOR_USERS = "recommendations.parquet"
FOR_ITEMS = "similar_items.parquet"
_ROWS = 1 << 20  # of a row group, about


def write_users(
    folder: Path,
    models: Recommender,
    rows: np.ndarray,
    n: int,
    about: Mapping[str, str],
    *,
    log: bool,
    console: Console | None,
) -> None:
    """Write the lists of the users with these rows; with ``log`` each list has an id."""
    path, als, blend = folder / FOR_USERS, models.require_als(), models.blend
    known, ruled = models.items, RuledLists(models) if models.rules else None
    # A rule may pin a product that nobody has taken.
    items = blend.items if blend else known.ids if ruled else als.items
    n = min(n, len(items))
    about = {**about, "by": BLEND_PART if blend else ALS_PART}
    groups = known.groups[: len(items)] if known.has_variants else None
    with (
        TemporaryDirectory(dir=folder, prefix=".export-") as scratch,
        lists_file(
            path, Exports.FOR_USERS, items, about, ruled=ruled is not None, logged=log
        ) as file,
    ):
        if blend:
            lists = blend_lists(blend, rows, n, groups, Path(scratch), console, ruled)
        else:
            lists = als_lists(als, rows, n, groups, Path(scratch), console, ruled)
        names = ruled.labels if ruled else ()
        ids, block = id_array(als.users).take(pa.array(rows)), max(1, _ROWS // n)
        name = f"users written to {path}"
        with progress_for(len(ids), "users", name=name, console=console) as progress:
            for start in range(0, len(ids), block):
                users = slice(start, start + block)
                new_ids = [new_id() for _ in ids[users]] if log else []
                file.write(ids[users], *lists.of_users(users), names, new_ids)
                progress.update(min(start + block, len(ids)))


def write_items(
    folder: Path,
    models: Recommender,
    n: int,
    about: Mapping[str, str],
    console: Console | None,
) -> None:
    """Write the lists of similar items."""
    path, als = folder / FOR_ITEMS, models.require_als()
    ruled = RuledLists(models) if models.rules else None
    lists = SimilarLists(als, models.rankings, models.blend, models.similar_by, ruled)
    ids, n = id_array(als.items), min(n, len(lists.items))
    name = f"items written to {path}"
    with (
        lists_file(
            path, Exports.FOR_ITEMS, lists.items.ids, about, ruled=ruled is not None
        ) as file,
        progress_for(len(ids), "items", name=name, console=console) as progress,
    ):
        done = 0
        for items, scores, labels in lists.blocks(n, max(1, _ROWS // n)):
            names = ruled.labels if ruled else ()
            file.write(ids[done : done + len(items)], items, scores, labels, names)
            done += len(items)
            progress.update(done)
