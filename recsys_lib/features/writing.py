"""Write the tables of a version, and a Feast repository beside them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recsys_lib.als import AlsModel
from recsys_lib.data.database import read_products
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import NotTrainedError
from recsys_lib.features.history import (
    feature_times,
    item_categories,
    item_history,
    user_history,
)
from recsys_lib.features.repository import (
    DEFINITIONS_FILE,
    STORE_FILE,
    definitions,
    store_yaml,
)
from recsys_lib.features.vectors import item_vectors, user_vectors, version_time
from recsys_lib.files import replacing
from recsys_lib.parameters import FEATURE_DAYS
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.registry import ALS_PART, SEARCH_PART, has_part, require_champion, run_command
from recsys_lib.search import ProductSearch

USERS, ITEMS = "users.parquet", "items.parquet"
USER_VECTORS, ITEM_VECTORS = "user_vectors.parquet", "item_vectors.parquet"


def write_features(
    dataset: Dataset, version: str = "", every: int = FEATURE_DAYS, out: Path | None = None
) -> list[Path]:
    """Write features of users and items as Parquet, and a Feast repository that reads them.

    Parameters
    ----------
    dataset
        Its interactions and catalogue are those that the etl step stored last.
    version
        Whose vectors; "" is the champion.
    every
        Days from one time of the tables to the next.
    out
        Folder of the files, by default outputs/features/<dataset>/<version>/.

    Returns
    -------
    list of Path
        The files. Each replaces an older one only when it is whole.

    Raises
    ------
    ParameterError
        For ``every`` below 1.
    InputDataError
        When the interactions have no times.
    NotTrainedError
        When there is no such version, or it has no factors.
    StorageError
        When a file cannot be written; an older one stays.

    Examples
    --------
    >>> from recsys_lib.paths import Dataset
    >>> write_features(Dataset.find("sample"), every=7)  # doctest: +SKIP
    """
    folder = dataset.version(version) if version else require_champion(dataset)
    if not has_part(folder, ALS_PART):
        raise NotTrainedError(f"{folder} has no trained factors: {run_command(dataset)}")
    interactions = Interactions.load(dataset.processed)
    times, learned = feature_times(interactions, every), version_time(folder)
    products = read_products(dataset.database)
    categories = item_categories(interactions.items, products)
    als = AlsModel.load(folder / ALS_PART)
    search = None
    if has_part(folder, SEARCH_PART):
        search = ProductSearch.load(folder / SEARCH_PART)
    out = out or outputs_root(dataset.root) / "features" / dataset.name / folder.name
    tables: dict[str, Iterable[pl.DataFrame]] = {
        USERS: (user_history(interactions, categories, times),),
        ITEMS: (item_history(interactions, categories, times),),
        USER_VECTORS: user_vectors(als, learned),
        ITEM_VECTORS: (item_vectors(als, search, products, learned),),
    }
    schemas = {name: _write(out / name, frames) for name, frames in tables.items()}
    texts = {
        STORE_FILE: store_yaml(dataset.name),
        DEFINITIONS_FILE: definitions(dataset.name, folder.name, schemas),
    }
    for name, text in texts.items():
        with replacing(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [out / name for name in (*schemas, *texts)]


def _write(path: Path, frames: Iterable[pl.DataFrame]) -> pa.Schema:
    """Write frames of one schema as one file, with types that every reader of Parquet knows."""
    blocks = (_plain(frame) for frame in frames)
    first = next(blocks)
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, first.schema, compression="zstd") as writer,
    ):
        writer.write_table(first)
        for block in blocks:
            writer.write_table(block)
    return first.schema


def _plain(frame: pl.DataFrame) -> pa.Table:
    table = frame.to_arrow()
    return table.cast(pa.schema([(field.name, _plain_type(field.type)) for field in table.schema]))


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_large_list(kind):
        return pa.list_(kind.value_type)
    return kind if pa.types.is_timestamp(kind) or pa.types.is_primitive(kind) else pa.string()
