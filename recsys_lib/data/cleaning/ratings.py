"""From records to ratings: types and rules, with a reason for every rejected line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.cleaning.times import parse_times, unit_of
from recsys_lib.data.formats.records import LINE, Records, Rejected
from recsys_lib.data.input_files import InputFiles
from recsys_lib.data.layouts import Fields
from recsys_lib.data.units import AUTO, NONE


@dataclass(frozen=True)
class CleanRatings:
    """Ratings of a block (``InputFiles.review_columns``), and its rejected lines."""

    rows: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int


@dataclass
class RatingRules:
    """Types and rules for the ratings of a dataset.

    ``unit`` is the unit of times that are numbers; the first records settle "auto".
    """

    files: InputFiles
    unit: str = AUTO

    def apply(self, records: Records, file: int) -> CleanRatings:
        """Clean a block of the file with number ``file``."""
        values = first_values(records.frame, self.files.review_fields)
        if not self.files.has_times:
            self.unit = NONE
        elif self.unit == AUTO:
            self.unit = unit_of(values[Ratings.TIMESTAMP])
        times = parse_times(values[Ratings.TIMESTAMP], self.unit).alias(Ratings.TIMESTAMP)
        if self.unit == NONE:
            times = times.fill_null(0)
        typed = values.with_columns(*_types(values.schema), times)
        checks = self._checks(values)
        bad = typed.select(pl.any_horizontal(check for check, _ in checks)).to_series()
        rejected = list(records.rejected)
        if bad.any():
            reasons = typed.select(_reason(checks)).to_series().filter(bad)
            rejected += _rejected(records.frame.filter(bad), reasons, self.files.reviews[file])
            typed = typed.filter(~bad)
        return CleanRatings(typed.select(self.files.review_columns), rejected, records.n_lines)

    def _checks(self, texts: pl.DataFrame) -> list[tuple[pl.Expr, str]]:
        """Conditions that reject a row, with reasons; ``texts`` are the values before typing.

        Where lines are events, some have no rating and no quantity: nobody rates what they view.
        """
        rating, optional = pl.col(Ratings.RATING), self.files.has_events
        checks = [
            (pl.col(Ratings.USER).is_null(), f"{Ratings.USER} is missing"),
            (pl.col(Ratings.ITEM).is_null(), f"{Ratings.ITEM} is missing"),
        ]
        if self.files.has_ratings:
            blank = pl.lit(texts[Ratings.RATING]).is_null()
            checks += [
                (blank & (not optional), f"{Ratings.RATING} is missing"),
                (rating.is_null() & ~blank, f"{Ratings.RATING} is not a number"),
                *self._out_of_range(rating),
            ]
        if self.files.has_times:
            problem = f"{Ratings.TIMESTAMP} is missing or no time"
            checks.append((pl.col(Ratings.TIMESTAMP).is_null(), problem))
        if optional:
            checks.append((pl.col(Ratings.EVENT).is_null(), f"{Ratings.EVENT} is missing"))
        if Ratings.QUANTITY in self.files.review_columns:
            quantity, blank = pl.col(Ratings.QUANTITY), pl.lit(texts[Ratings.QUANTITY]).is_null()
            positive = quantity.is_finite() & (quantity > 0)
            good = positive.fill_null(False) | (blank & optional)
            checks.append((~good, f"{Ratings.QUANTITY} is not a positive number"))
        return [(check.fill_null(False), reason) for check, reason in checks]

    def _out_of_range(self, rating: pl.Expr) -> list[tuple[pl.Expr, str]]:
        if self.files.rating_range is None:
            good = rating.is_finite() & (rating > 0)
            return [(~good, f"{Ratings.RATING} is not positive")]
        low, high = self.files.rating_range
        outside = ~rating.is_between(low, high)
        return [(outside, f"{Ratings.RATING} is not between {low:g} and {high:g}")]


def first_values(frame: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Our columns and ``LINE``, each from its first field that is neither null nor blank."""

    def value(names: tuple[str, ...]) -> pl.Expr:
        if not names:
            return pl.lit(None, dtype=pl.String)
        return pl.coalesce(_not_blank(name) if text[name] else pl.col(name) for name in names)

    text = {name: dtype == pl.String for name, dtype in frame.schema.items()}
    return frame.select(*(value(names).alias(ours) for ours, names in fields.items()), LINE)


def _not_blank(name: str) -> pl.Expr:
    stripped = pl.col(name).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _types(schema: pl.Schema) -> list[pl.Expr]:
    """Casts to the types of our columns."""
    verified, votes = pl.col(Ratings.VERIFIED), pl.col(Ratings.HELPFUL)
    if schema[Ratings.VERIFIED] == pl.String:
        verified = verified.str.to_lowercase().is_in(["true", "1"])
    if schema[Ratings.HELPFUL] == pl.String:
        votes = votes.str.replace_all(",", "").cast(pl.Int64, strict=False)
    numbers = [name for name in (Ratings.RATING, Ratings.QUANTITY) if name in schema]
    return [pl.col(numbers).cast(pl.Float64, strict=False), verified.cast(pl.Int8), votes]


def _reason(checks: list[tuple[pl.Expr, str]]) -> pl.Expr:
    """The first reason that holds."""
    return pl.coalesce(pl.when(bad).then(pl.lit(why)) for bad, why in checks)


def _rejected(frame: pl.DataFrame, reasons: pl.Series, path: Path) -> list[Rejected]:
    lines, rows = frame[LINE], frame.drop(LINE).cast(pl.String).iter_rows(named=True)
    return [
        Rejected.from_line(path, line, reason, str(row))
        for line, reason, row in zip(lines, reasons, rows, strict=True)
    ]
