"""Read and clean input files on the executors of a Spark cluster, by the rules of this package.

Spark hands out the lines of plain text files, wherever it splits them; every other file, such as a
compressed one, is read whole by one executor. Files may lie in any file system that Spark reads.
What a block becomes is decided by the same readers and rules as on one machine, so rows, reasons
and counts are the same.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

import polars as pl
import pyarrow as pa

from recsys_lib.data._background import in_background
from recsys_lib.data._executors import (
    FILE,
    LINES,
    PLACE,
    UNFINISHED,
    WHOLE,
    Cleaning,
    Source,
)
from recsys_lib.data._intake import Intake, Rules, intake_of, settled
from recsys_lib.data._parts import FACTS, P, PartTable
from recsys_lib.data.cleaning.notation import Wishes
from recsys_lib.data.cleaning.products import (
    PRODUCT_SCHEMA,
    Catalogue,
    ProductRules,
    join_catalogues,
)
from recsys_lib.data.cleaning.ratings import ROW_SCHEMA, CleanRatings, RatingRules
from recsys_lib.data.inputs import InputFiles
from recsys_lib.errors import InputDataError
from recsys_lib.spark import Cluster, failure

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Found = dict[int, list[dict[str, Any]]]
"""Number of a file -> what is known of its blocks."""

_GLOB = re.compile(r"([\\*?\[\]{}])")
_MOST_BYTES = 2**31 - 1
"""Of a file that Spark hands over as one value."""


def read_on_cluster(files: InputFiles, wishes: Wishes, cluster: Cluster) -> Intake:
    """Read and clean all files on the executors, from where each of them can.

    They see files here under the same paths, or files that only Spark can read.
    """
    rules, catalogue_rules = RatingRules(files, wishes), ProductRules(files, wishes)
    ratings = Source(files.reviews, files.review_fields, files, apart=True)
    products = Source(files.products, files.product_fields, files, apart=False)
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


@dataclass
class _Reading(Generic[P]):
    """Reads one table on the cluster, into ``folder``."""

    spark: SparkSession
    folder: Path
    table: PartTable[P]
    source: Source
    rules: Rules[P]

    def parts(self, numbers: Collection[int]) -> list[P]:
        """The blocks of the files with these numbers, and their rows here."""
        lines = self.source.splittable(numbers)
        found = self._of_lines(lines) if lines else {}
        done = {n for n, blocks in found.items() if not any(b.get(UNFINISHED) for b in blocks)}
        whole = [n for n in numbers if n not in done]
        parts = [part for n in sorted(done) for part in self._parts(n, found[n], "lines")]
        if whole:
            again = self._whole(whole)
            parts += [part for n in sorted(again) for part in self._parts(n, again[n], "whole")]
        return parts

    def _of_lines(self, numbers: Sequence[int], how: str = "lines") -> Found:
        text = self.spark.read.text(self._places(numbers), lineSep="\n")
        placed = text.selectExpr(
            "cast(value as binary) value",
            "_metadata.file_path path",
            "_metadata.file_block_start start",
        )
        return self._run(placed, self._cleaning.lines, how)

    def _whole(self, numbers: Sequence[int]) -> Found:
        if self.source.is_remote:
            return self._whole_remote(numbers)
        each = self.spark.createDataFrame([(n,) for n in numbers], f"{FILE} int")
        spread = each.repartition(len(numbers), FILE)
        return self._run(spread, self._cleaning.files, "whole")

    def _whole_remote(self, numbers: Sequence[int]) -> Found:
        """Plain text as one split of lines, which may be of any size; other files as values."""
        lines = self.source.splittable(numbers)
        others = [n for n in numbers if n not in lines]
        found: Found = {}
        if lines:
            largest = max(map(self.source.size, lines))
            unsplit = {"files.maxPartitionBytes": largest, "files.minPartitionNum": 1}
            with _set(self.spark, unsplit):
                found |= self._of_lines(lines, "whole/lines")
        if others:
            self._require_values(others)
            with _set(self.spark, {"execution.arrow.maxRecordsPerBatch": 1}):
                found |= self._of_contents(others)
        return found

    def _of_contents(self, numbers: Sequence[int]) -> Found:
        files = self.spark.read.format("binaryFile").load(self._places(numbers))
        named = files.selectExpr("_metadata.file_path path", "content")
        return self._run(named, self._cleaning.contents, "whole/values")

    def _require_values(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            if self.source.size(number) > _MOST_BYTES:
                raise InputDataError(
                    "has more than 2 GB and cannot be split: write it as several files, or as "
                    "JSON lines or CSV that are not compressed",
                    file=self.source.place(number),
                )

    def _places(self, numbers: Sequence[int]) -> list[str]:
        """Spark takes names for patterns."""
        return [_GLOB.sub(r"\\\1", self.source.place(n)) for n in numbers]

    @property
    def _cleaning(self) -> Cleaning[P]:
        return Cleaning(self.source, self.rules, self.table)

    def _run(
        self,
        rows: DataFrame,
        clean: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]],
        how: str,
    ) -> Found:
        """Clean on the executors; returns the facts of the blocks of each file."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  # optional

        schema = from_arrow_schema(self.table.arrow.append(pa.field(FILE, pa.int32())))
        out = self.folder / how
        try:
            rows.mapInArrow(clean, schema).write.mode("overwrite").parquet(out.as_uri())
        except Exception as error:  # of Java and of Spark, which have many classes
            raise failure(error, "the executors could not read the files") from error
        texts = pl.scan_parquet(out / "*.parquet").filter(pl.col(FACTS).is_not_null())
        found: Found = defaultdict(list)
        for number, text in texts.select(FILE, FACTS).collect().rows():
            found[number].append(json.loads(text))
        return found

    def _parts(self, number: int, found: list[dict[str, Any]], how: str) -> list[P]:
        """The blocks of one file with numbers of its lines; the first of them has all rows."""
        splits = sorted((f[PLACE], f[LINES]) for f in found if LINES in f)
        before = accumulate((n for _, n in splits), initial=0)
        offsets = dict(zip((place for place, _ in splits), before, strict=False)) | {WHOLE: 0}
        parts: list[P] = []
        for facts in sorted((f for f in found if LINES not in f), key=lambda f: f[PLACE]):
            shift = offsets[facts[PLACE]]
            facts["rejected"] = [{**b, "line": b["line"] + shift} for b in facts["rejected"]]
            parts.append(self.table.from_facts(facts))
        rows = pl.scan_parquet(self.folder / how / "**" / "*.parquet")
        mine = rows.filter(pl.col(FILE) == number, pl.col(FACTS).is_null()).collect()
        if parts:
            parts[0] = self.table.with_rows(parts[0], mine)
        return parts


@contextmanager
def _set(spark: SparkSession, values: dict[str, int]) -> Iterator[None]:
    """Settings of spark.sql for a block of code."""
    before = {name: spark.conf.get(f"spark.sql.{name}", None) for name in values}
    for name, value in values.items():
        spark.conf.set(f"spark.sql.{name}", str(value))
    yield
    for name, old in before.items():
        if old is None:
            spark.conf.unset(f"spark.sql.{name}")
        else:
            spark.conf.set(f"spark.sql.{name}", old)
