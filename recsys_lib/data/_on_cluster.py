"""Read and clean input files on the executors of a Spark cluster, by the rules of this package.

Spark hands out the lines of plain text files, wherever it splits them; every other file, such as a
compressed one, is read whole by one executor. What a block becomes is decided by the same readers
and rules as on one machine, so rows, reasons and counts are the same.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic
from urllib.parse import unquote, urlsplit

import numpy as np
import polars as pl
import pyarrow as pa

from recsys_lib.data._background import in_background
from recsys_lib.data._intake import Intake, Rules, intake_of, schema_of, settled
from recsys_lib.data._parts import FACTS, P, PartTable
from recsys_lib.data.cleaning.notation import Wishes
from recsys_lib.data.cleaning.products import (
    PRODUCT_SCHEMA,
    Catalogue,
    ProductRules,
    join_catalogues,
)
from recsys_lib.data.cleaning.ratings import ROW_SCHEMA, CleanRatings, RatingRules
from recsys_lib.data.formats import can_be_continued, form_of, read_records
from recsys_lib.data.formats.records import Start
from recsys_lib.data.inputs import InputFiles
from recsys_lib.data.layouts import Fields
from recsys_lib.spark import Cluster, failure

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PIECE_LINES = 50_000
_FILE, _PLACE, _LINES, _UNFINISHED = "file", "place", "lines", "unfinished"
_GLOB = re.compile(r"([\\*?\[\]{}])")
_WHOLE = -1
"""Place of a block whose line numbers are those of the file."""


def read_on_cluster(files: InputFiles, wishes: Wishes, cluster: Cluster) -> Intake:
    """Read and clean all files on the executors, which see them under the same paths."""
    rules, catalogue_rules = RatingRules(files, wishes), ProductRules(files, wishes)
    ratings = _Source(files.reviews, files.review_fields, files, apart=True)
    products = _Source(files.products, files.product_fields, files, apart=False)
    rows = {name: ROW_SCHEMA[name] for name in files.review_columns}
    with cluster.session("etl") as spark, cluster.scratch() as out:
        table = PartTable(CleanRatings, "rows", rows)
        reading = _Reading(spark, out / "ratings", table, ratings, rules)
        parts, evidence = settled(rules, reading.parts, ratings.paths, {})
        lines = PartTable(Catalogue, "products", PRODUCT_SCHEMA)
        cataloguing = _Reading(spark, out / "products", lines, products, catalogue_rules)
        found, of_products = settled(catalogue_rules, cataloguing.parts, products.paths, {})
    catalogue = replace(
        join_catalogues(found), evidence=of_products, notations=catalogue_rules.notations
    )
    return intake_of(files, rules, parts, evidence, in_background(lambda: catalogue))


@dataclass(frozen=True)
class _Source:
    """Files of one table, and how their records are read."""

    paths: Sequence[Path]
    fields: Fields
    files: InputFiles
    apart: bool

    def splittable(self, numbers: Iterable[int]) -> list[int]:
        """The files whose lines can be read from anywhere."""
        return [n for n in numbers if can_be_continued(self.paths[n], self.files.form)]

    def quote(self, number: int) -> bytes:
        """The character that may hold line ends, of one file; b"" for none."""
        return (form_of(self.paths[number], self.files.form).quote or "").encode()


@dataclass
class _Reading(Generic[P]):
    """Reads one table on the cluster, into ``folder``."""

    spark: SparkSession
    folder: Path
    table: PartTable[P]
    source: _Source
    rules: Rules[P]

    def parts(self, numbers: Collection[int]) -> list[P]:
        """The blocks of the files with these numbers, and their rows here."""
        lines = self.source.splittable(numbers)
        found = self._of_lines(lines) if lines else {}
        done = {n for n, blocks in found.items() if not any(b.get(_UNFINISHED) for b in blocks)}
        whole = [n for n in numbers if n not in done]
        parts = [part for n in sorted(done) for part in self._parts(n, found[n], "lines")]
        if whole:
            again = self._whole(whole)
            parts += [part for n in sorted(again) for part in self._parts(n, again[n], "whole")]
        return parts

    def _of_lines(self, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        paths = {str(self.source.paths[n].resolve()): n for n in numbers}
        quotes = {n: self.source.quote(n) for n in numbers}
        text = self.spark.read.text([_GLOB.sub(r"\\\1", path) for path in paths], lineSep="\n")
        placed = text.selectExpr(
            "cast(value as binary) value",
            "_metadata.file_path path",
            "_metadata.file_block_start start",
        )
        clean = partial(_clean_lines, self.source, self.rules, self.table, paths, quotes)
        return self._run(placed, clean, "lines")

    def _whole(self, numbers: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        each = self.spark.createDataFrame([(n,) for n in numbers], f"{_FILE} int")
        spread = each.repartition(len(numbers), _FILE)
        clean = partial(_clean_files, self.source, self.rules, self.table)
        return self._run(spread, clean, "whole")

    def _run(
        self,
        rows: DataFrame,
        clean: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]],
        how: str,
    ) -> dict[int, list[dict[str, Any]]]:
        """Clean on the executors; returns the facts of the blocks of each file."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  # optional

        schema = from_arrow_schema(self.table.arrow.append(pa.field(_FILE, pa.int32())))
        out = self.folder / how
        try:
            rows.mapInArrow(clean, schema).write.mode("overwrite").parquet(out.as_uri())
        except Exception as error:  # of Java and of Spark, which have many classes
            raise failure(error, "the executors could not read the files") from error
        texts = pl.scan_parquet(out / "*.parquet").filter(pl.col(FACTS).is_not_null())
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for number, text in texts.select(_FILE, FACTS).collect().rows():
            found[number].append(json.loads(text))
        return found

    def _parts(self, number: int, found: list[dict[str, Any]], how: str) -> list[P]:
        """The blocks of one file with numbers of its lines; the first of them has all rows."""
        splits = sorted((f[_PLACE], f[_LINES]) for f in found if _LINES in f)
        before = accumulate((n for _, n in splits), initial=0)
        offsets = dict(zip((place for place, _ in splits), before, strict=False)) | {_WHOLE: 0}
        parts: list[P] = []
        for facts in sorted((f for f in found if _LINES not in f), key=lambda f: f[_PLACE]):
            shift = offsets[facts[_PLACE]]
            facts["rejected"] = [{**b, "line": b["line"] + shift} for b in facts["rejected"]]
            parts.append(self.table.from_facts(facts))
        rows = pl.scan_parquet(self.folder / how / "*.parquet")
        mine = rows.filter(pl.col(_FILE) == number, pl.col(FACTS).is_null()).collect()
        if parts:
            parts[0] = self.table.with_rows(parts[0], mine)
        return parts


def _clean_files(
    source: _Source,
    rules: Rules[P],
    table: PartTable[P],
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Runs on an executor: read whole files, given their numbers."""
    for batch in batches:
        for number in batch.column(0).to_pylist():
            yield from _cleaned(source, rules, table, number, _WHOLE, Start())


def _clean_lines(  # what an executor needs to know
    source: _Source,
    rules: Rules[P],
    table: PartTable[P],
    numbers: Mapping[str, int],
    quotes: Mapping[int, bytes],
    batches: Iterable[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Runs on an executor: clean the lines of some splits of files, in their order.

    A split that ends within quotes says so: its file is read again as a whole.
    """
    for (path, place), group in groupby(_pieces(batches), key=lambda one: one[0]):
        number = numbers[unquote(urlsplit(path).path)]
        counted = _Counted((piece for _, piece in group), quotes[number])
        # Only the first line of a file may be a header.
        start = Start(line=1 if place == 0 else 2, pieces=counted)
        yield from _cleaned(source, rules, table, number, place, start)
        facts = {_PLACE: place, _LINES: counted.lines, _UNFINISHED: counted.n_quotes % 2 == 1}
        yield _of_file(table.facts_row(facts), number)


@dataclass
class _Counted:
    """Pieces of whole lines, which counts lines and quotes while they are used."""

    pieces: Iterable[bytes]
    quote: bytes
    lines: int = 0
    n_quotes: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.lines += piece.count(b"\n")
            self.n_quotes += piece.count(self.quote) if self.quote else 0
            yield piece


def _pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[tuple[str, int], bytes]]:
    """File and place of a split, and some of its lines with their ends."""
    for batch in batches:
        lines, paths, places = (batch.column(n) for n in range(3))
        place = places.to_numpy()
        changed = np.diff(place) != 0
        changed |= paths[1:].to_numpy(zero_copy_only=False) != paths[:-1].to_numpy(
            zero_copy_only=False
        )
        bounds = [0, *(np.flatnonzero(changed) + 1).tolist(), len(batch)]
        for low, high in pairwise(bounds):
            for first in range(low, high, _PIECE_LINES):
                some = lines.slice(first, min(_PIECE_LINES, high - first)).to_pylist()
                yield (paths[low].as_py(), int(place[low])), b"\n".join(some) + b"\n"


def _cleaned(  # what an executor needs to know
    source: _Source,
    rules: Rules[P],
    table: PartTable[P],
    number: int,
    place: int,
    start: Start,
) -> Iterator[pa.RecordBatch]:
    """The cleaned blocks of a file or a split, as rows."""
    path, schema = source.paths[number], schema_of(source.fields)
    shift = 1 - start.line
    for work in read_records(path, schema, start, source.files.form, apart=source.apart):
        part = rules.apply(work(), number)
        moved = [replace(bad, line=bad.line + shift) for bad in part.rejected]
        for batch in table.to_batches(replace(part, rejected=moved), **{_PLACE: place}):
            yield _of_file(batch, number)


def _of_file(batch: pa.RecordBatch, number: int) -> pa.RecordBatch:
    """The batch with the number of the file in a last column."""
    return batch.append_column(_FILE, pa.array(np.full(len(batch), number, dtype=np.int32)))
