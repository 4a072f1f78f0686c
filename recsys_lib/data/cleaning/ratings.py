"""From records to ratings: types and rules, with a reason for every rejected line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning._block import IDS, RatingBlock
from recsys_lib.data.cleaning.ids import unusable
from recsys_lib.data.cleaning.notation import Evidence, Notation, Wishes, has_times, settle
from recsys_lib.data.cleaning.unreadable import UnreadableFields, join_unreadable, unreadable
from recsys_lib.data.formats.records import LINE, Records, Rejected
from recsys_lib.data.inputs import InputFiles
from recsys_lib.data.layouts import Fields
from recsys_lib.data.units import DAY, EARLIEST, MIXED, NONE, ORDER
from recsys_lib.errors import InputDataError

_SCALE_BY_CONTENT = "movielens"  # files with these fields hold ratings of several scales
_COUNTED = (Ratings.VERIFIED, Ratings.HELPFUL)  # other values cannot be unread in a kept line
IN_THE_FUTURE = f"{Ratings.TIMESTAMP} is in the future"
_UNSETTLED = (
    f"the day and the month of {Ratings.TIMESTAMP} cannot be told apart: set etl.timestamp_format "
    "to %d/%m/%Y or %m/%d/%Y, followed by %H:%M or whatever form the time has"
)
ROW_SCHEMA: dict[str, pl.DataType] = {
    Ratings.USER: pl.String(),
    Ratings.ITEM: pl.String(),
    Ratings.RATING: pl.Float64(),
    Ratings.TIMESTAMP: pl.Int64(),
    Ratings.VERIFIED: pl.Int8(),
    Ratings.HELPFUL: pl.Int64(),
    Ratings.QUANTITY: pl.Float64(),
    Ratings.EVENT: pl.String(),
}
"""Types of clean rows."""
Checks = list[tuple[pl.Expr, str]]
"""Conditions that reject a row, each with its reason."""


@dataclass(frozen=True)
class CleanRatings:
    """Ratings of a block (``InputFiles.review_columns``), and what became of the rest.

    Parameters
    ----------
    unreadable: values of kept lines that cannot be read, and are missing in the rows.
    evidence, notations: by number of the file, what its values say about its notation, and what
        it was read with.
    """

    rows: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int
    n_more: int
    n_repaired: int
    unreadable: UnreadableFields
    evidence: Mapping[int, Evidence]
    notations: Mapping[int, Notation]


@dataclass
class RatingRules:
    """Types and rules for the ratings of a dataset.

    A file is read in the notation of the block that comes first, until :meth:`settle` corrects it.
    """

    files: InputFiles
    wishes: Wishes = field(default_factory=Wishes)
    notations: dict[int, Notation] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """The unit of the times that are numbers; "mixed" when it differs between files."""
        if not self.files.has_times:
            return NONE
        units = {notation.unit for notation in self.notations.values()}
        return next(iter(units)) if len(units) == 1 else MIXED

    def settle(self, evidence: Mapping[int, Evidence]) -> dict[int, Notation]:
        """The notation of each file, from what was seen in all of them; it is used from now on."""
        everything = sum(evidence.values(), Evidence())
        self.notations = {n: self._settled(own, everything) for n, own in evidence.items()}
        dated = {n: one for n, one in self.notations.items() if has_times(evidence[n])}
        ordered = [n for n, one in dated.items() if one.unit == ORDER]
        if ordered and len(ordered) < len(dated):
            other = next(n for n in dated if n not in ordered)
            raise InputDataError(
                f"its times only give an order, but those of {self.files.reviews[other].name} are "
                "moments: correct one of the files, choose one by etl.reviews, or set "
                "etl.timestamp_unit",
                file=self.files.reviews[ordered[0]],
                field=" or ".join(self.files.review_fields[Ratings.TIMESTAMP]),
            )
        return self.notations

    def apply(self, records: Records, file: int) -> CleanRatings:
        """Clean a block of the file with number ``file``."""
        values = first_values(records.frame, self.files.review_fields)
        by_content = self.files.layout == _SCALE_BY_CONTENT and self.files.rating_range is None
        block = RatingBlock(values, self.wishes.timestamp_format, seeks_scale=by_content)
        notation = self.notations.setdefault(file, self._settled(block.evidence, block.evidence))
        typed = block.typed(notation)
        if not self.files.has_times:
            typed = typed.with_columns(pl.lit(0, pl.Int64).alias(Ratings.TIMESTAMP))
        checks = self._checks(block, typed, notation)
        bad = typed.select(pl.any_horizontal(check for check, _ in checks)).to_series()
        rejected = list(records.rejected)
        if bad.any():
            reasons = typed.select(_reason(checks)).to_series().filter(bad)
            rejected += _rejected(records.frame.filter(bad), reasons, self.files.reviews[file])
            typed, values = typed.filter(~bad), values.filter(~bad)
        unread = join_unreadable(unreadable(values[name], typed[name]) for name in _COUNTED)
        rows = typed.select(self.files.review_columns)
        return CleanRatings(
            rows,
            rejected,
            records.n_lines,
            records.n_more,
            records.n_repaired,
            unread,
            evidence={file: block.evidence},
            notations={file: notation},
        )

    def _settled(self, own: Evidence, everything: Evidence) -> Notation:
        return settle(own, everything, self.wishes, ids=IDS)

    def _checks(self, block: RatingBlock, typed: pl.DataFrame, notation: Notation) -> Checks:
        """Where lines are events, some have no rating and no quantity: nobody rates a view."""
        checks: Checks = []
        for name in IDS:
            checks.append((pl.col(name).is_null(), f"{name} is missing"))
            checks += [(pl.lit(bad), f"{name} {why}") for bad, why in unusable(typed[name])]
        optional = self.files.has_events
        if self.files.has_ratings:
            rating, blank = pl.col(Ratings.RATING), block.blank(Ratings.RATING, typed)
            checks += [
                (blank & (not optional), f"{Ratings.RATING} is missing"),
                (rating.is_null() & ~blank, f"{Ratings.RATING} is not a number"),
                self._out_of_range(rating, notation),
            ]
        checks += _time_checks(block, notation) if self.files.has_times else []
        if optional:
            checks.append((pl.col(Ratings.EVENT).is_null(), f"{Ratings.EVENT} is missing"))
        if Ratings.QUANTITY in self.files.review_columns:
            quantity, blank = pl.col(Ratings.QUANTITY), block.blank(Ratings.QUANTITY, typed)
            positive = quantity.is_finite() & (quantity > 0)
            good = positive.fill_null(False) | (blank & optional)
            checks.append((~good, f"{Ratings.QUANTITY} is not a positive number"))
        return [(check.fill_null(False), reason) for check, reason in checks]

    def _out_of_range(self, rating: pl.Expr, notation: Notation) -> tuple[pl.Expr, str]:
        scale = self.files.rating_range or notation.scale
        if scale is None:
            good = rating.is_finite() & (rating > 0)
            return ~good, f"{Ratings.RATING} is not positive"
        low, high = scale
        outside = ~rating.is_between(low, high)
        return outside, f"{Ratings.RATING} is not between {low:g} and {high:g}"


def first_values(frame: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Our columns and ``LINE``, each from its first field that is neither null nor blank."""

    def value(names: tuple[str, ...]) -> pl.Expr:
        if not names:
            return pl.lit(None, dtype=pl.String)
        if len(names) == 1:
            return pl.col(names[0])
        return pl.coalesce(_not_blank(name) if text[name] else pl.col(name) for name in names)

    text = {name: dtype == pl.String for name, dtype in frame.schema.items()}
    return frame.select(*(value(names).alias(ours) for ours, names in fields.items()), LINE)


def _time_checks(block: RatingBlock, notation: Notation) -> Checks:
    time_ms, unsettled = pl.col(Ratings.TIMESTAMP), block.times.unsettled(notation)
    checks = [(pl.lit(unsettled), _UNSETTLED)] if unsettled.any() else []
    checks.append((time_ms.is_null(), f"{Ratings.TIMESTAMP} is missing or no time"))
    if notation.unit == ORDER:
        return checks
    # No clock is more than a day ahead of ours, wherever it stands.
    latest = int(time.time() * 1000) + DAY
    return [
        *checks,
        (time_ms < EARLIEST, f"{Ratings.TIMESTAMP} is before 1990"),
        (time_ms > latest, IN_THE_FUTURE),
    ]


def _not_blank(name: str) -> pl.Expr:
    stripped = pl.col(name).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _reason(checks: Checks) -> pl.Expr:
    """The first reason that holds."""
    return pl.coalesce(pl.when(bad).then(pl.lit(why)) for bad, why in checks)


def _rejected(frame: pl.DataFrame, reasons: pl.Series, path: Path) -> list[Rejected]:
    lines, rows = frame[LINE], frame.drop(LINE).cast(pl.String).iter_rows(named=True)
    return [
        Rejected.from_line(path, line, reason, str(row))
        for line, reason, row in zip(lines, reasons, rows, strict=True)
    ]
