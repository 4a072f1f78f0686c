"""Cleaned blocks as rows of one table, so that another process can hand them over."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Generic, TypeVar

import polars as pl
import pyarrow as pa

from recsys_lib.data.cleaning.notation import Evidence, Notation
from recsys_lib.data.cleaning.products import Catalogue
from recsys_lib.data.cleaning.ratings import CleanRatings
from recsys_lib.data.cleaning.unreadable import Unreadable
from recsys_lib.data.formats.records import Rejected

FACTS = "__facts__"
"""Column with what is known of a block as JSON; null in the rows of its table."""

P = TypeVar("P", CleanRatings, Catalogue)


@dataclass(frozen=True)
class PartTable(Generic[P]):
    """How the blocks of one kind become rows, and rows become a block again.

    Parameters
    ----------
    kind: the class of a cleaned block.
    frame: name of the field that has its table.
    schema: types of the columns of that table.
    """

    kind: type[P]
    frame: str
    schema: Mapping[str, pl.DataType]

    @property
    def arrow(self) -> pa.Schema:
        """Columns of the table and ``FACTS``, as Arrow sends them between processes."""
        empty = pl.DataFrame(schema=dict(self.schema)).to_arrow()
        kinds = (pa.string() if _is_text(kind) else kind for kind in empty.schema.types)
        fields_of_rows = list(map(pa.field, self.schema, kinds))
        return pa.schema(fields_of_rows).append(pa.field(FACTS, pa.string()))

    def to_batches(self, part: P, **more: int) -> Iterator[pa.RecordBatch]:
        """The rows of a block and one row of facts, to which ``more`` is added."""
        frame = getattr(part, self.frame).with_columns(pl.lit(None, pl.String).alias(FACTS))
        yield from frame.to_arrow().cast(self.arrow).to_batches()
        values = {f.name: getattr(part, f.name) for f in fields(part) if f.name != self.frame}
        yield self.facts_row({**values, **more})

    def facts_row(self, facts: Mapping[str, Any]) -> pa.RecordBatch:
        """One row that has facts and nothing else."""
        text = json.dumps(facts, default=asdict)
        columns = {name: pa.nulls(1, self.arrow.field(name).type) for name in self.schema}
        return pa.RecordBatch.from_pydict({**columns, FACTS: [text]}, schema=self.arrow)

    def from_facts(self, facts: Mapping[str, Any]) -> P:
        """A block without rows."""
        known = {f.name for f in fields(self.kind)}
        values = {name: value for name, value in facts.items() if name in known}
        values |= {
            "rejected": [Rejected(**bad) for bad in facts["rejected"]],
            "unreadable": {name: Unreadable(**lost) for name, lost in facts["unreadable"].items()},
            "evidence": {int(n): Evidence(found) for n, found in facts["evidence"].items()},
            "notations": {int(n): _notation(one) for n, one in facts["notations"].items()},
            self.frame: pl.DataFrame(schema=dict(self.schema)),
        }
        return self.kind(**values)

    def with_rows(self, part: P, rows: pl.DataFrame) -> P:
        """The block with these rows."""
        values: dict[str, Any] = {self.frame: rows.select(list(self.schema))}
        return replace(part, **values)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _notation(values: Mapping[str, Any]) -> Notation:
    """JSON knows no tuples."""
    scale = values["scale"]
    ids = tuple(values["whole_ids"])
    return Notation(
        **{**values, "whole_ids": ids, "scale": None if scale is None else tuple(scale)}
    )
