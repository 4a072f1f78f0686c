"""A Feast repository for the tables: its configuration and its definitions.

Sources: https://docs.feast.dev/reference/feature-repository (the two files),
https://docs.feast.dev/reference/online-stores/sqlite.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import yaml

from recsys_lib.columns import Features

FEAST = "0.67.0"
"""The release with which the repository is tested."""
STORE_FILE, DEFINITIONS_FILE = "feature_store.yaml", "definitions.py"

_ENTITIES = {Features.USER: "user", Features.ITEM: "item"}
_TYPES = {
    pa.int64(): "Int64",
    pa.float64(): "Float64",
    pa.string(): "String",
    pa.list_(pa.float32()): "Array(Float32)",
}
_HEAD = '''"""Features of {dataset}: written by `recsys features`, which writes this file anew."""

from datetime import timedelta

from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Float32, Float64, Int64, String, UnixTimestamp

TAGS = {tags}

user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.STRING)
'''
_VIEW = """
{name} = FeatureView(
    name={name!r},
    entities=[{entity}],
    ttl=timedelta(0),  # a row holds until the next one
    schema=[
{fields}
    ],
    source=FileSource(name={source!r}, path={path!r}, timestamp_field={time!r}),
    online=True,
    tags=TAGS,
)
"""


def store_yaml(dataset: str) -> str:
    """``feature_store.yaml``: on this machine, with SQLite for look-ups and a file as registry."""
    return yaml.safe_dump(
        {
            "project": "recsys_" + re.sub(r"[^A-Za-z0-9_]", "_", dataset),
            "provider": "local",
            "registry": "registry.db",
            "online_store": {"type": "sqlite", "path": "online.db"},
            "offline_store": {"type": "file"},
            "entity_key_serialization_version": 3,
        },
        sort_keys=False,
    )


def definitions(dataset: str, version: str, tables: Mapping[str, pa.Schema]) -> str:
    """``definitions.py``: the entities, and a feature view for each table.

    ``tables`` has the schema of each file; the first column is the entity. A view has the name of
    its file.
    """
    head = _HEAD.format(
        dataset=_in_docstring(dataset), tags=repr({"dataset": dataset, "version": version})
    )
    return head + "".join(_view(path, schema) for path, schema in tables.items())


def _view(path: str, schema: pa.Schema) -> str:
    entity, name = schema.names[0], path.removesuffix(".parquet")
    return _VIEW.format(
        name=name,
        entity=_ENTITIES[entity],
        fields="\n".join(
            f"        Field(name={field.name!r}, dtype={_feast_type(field.type)}),"
            for field in schema
            if field.name not in (entity, Features.TIME)
        ),
        source=f"{name}_file",
        path=path,
        time=Features.TIME,
    )


def _feast_type(kind: pa.DataType) -> str:
    return "UnixTimestamp" if pa.types.is_timestamp(kind) else _TYPES[kind]


def _in_docstring(text: str) -> str:
    """A name as it can stand between three quotes."""
    return repr(text).replace('"', r"\"")
