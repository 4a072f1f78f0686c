"""Text records to typed ratings: one block after the other, with a reason for every bad line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.formats.blocks import LINE, Records
from recsys_lib.data.rejected import Rejected
from recsys_lib.data.sources import Source
from recsys_lib.data.times import AUTO, ORDER, parse_times, unit_of

FILE = "__file__"
"""Column of the number of the file, in the order of reading."""


@dataclass
class RatingRules:
    """Types and rules for the ratings of one source.

    ``unit`` says what times that are numbers mean; "auto" is settled by the first records.
    """

    source: Source
    unit: str = AUTO

    def apply(self, records: Records, file: int) -> tuple[pl.DataFrame, list[Rejected]]:
        """Good rows (columns ``Ratings.ALL``, ``FILE`` and ``LINE``), and the bad lines."""
        fields = self.source.review_fields
        texts = records.frame.select(
            *(first_value(names).alias(ours) for ours, names in fields.items()), LINE
        )
        if not self.source.has_times:
            self.unit = ORDER
        elif self.unit == AUTO:
            self.unit = unit_of(texts[Ratings.TIMESTAMP])
        typed = texts.with_columns(
            *_types(),
            parse_times(texts[Ratings.TIMESTAMP], self.unit).alias(Ratings.TIMESTAMP),
            pl.lit(file, dtype=pl.Int32).alias(FILE),
        )
        checks = self._checks(texts[Ratings.RATING])
        bad = typed.select(pl.any_horizontal(check for check, _ in checks)).to_series()
        rejected = list(records.rejected)
        if bad.any():
            reasons = typed.select(_reason(checks)).to_series().filter(bad)
            rejected += _set_aside(records.frame.filter(bad), reasons, self.source.reviews[file])
            typed = typed.filter(~bad)
        return typed.select(*Ratings.ALL, FILE, LINE), rejected

    def _checks(self, ratings: pl.Series) -> list[tuple[pl.Expr, str]]:
        """What makes a row bad, and why; ``ratings`` are the texts before typing."""
        rating = pl.col(Ratings.RATING)
        checks = [
            (pl.col(Ratings.USER).is_null(), f"{Ratings.USER} is missing"),
            (pl.col(Ratings.ITEM).is_null(), f"{Ratings.ITEM} is missing"),
        ]
        if self.source.has_ratings:
            checks += [
                (pl.lit(ratings).is_null(), f"{Ratings.RATING} is missing"),
                (rating.is_null(), f"{Ratings.RATING} is not a number"),
                *self._out_of_range(rating),
            ]
        if self.source.has_times:
            problem = f"{Ratings.TIMESTAMP} is missing or no time"
            checks.append((pl.col(Ratings.TIMESTAMP).is_null(), problem))
        return [(check.fill_null(False), reason) for check, reason in checks]

    def _out_of_range(self, rating: pl.Expr) -> list[tuple[pl.Expr, str]]:
        if self.source.rating_range is None:
            good = rating.is_finite() & (rating > 0)
            return [(~good, f"{Ratings.RATING} is not positive")]
        low, high = self.source.rating_range
        outside = ~rating.is_between(low, high)
        return [(outside, f"{Ratings.RATING} is not between {low:g} and {high:g}")]


def first_value(names: tuple[str, ...]) -> pl.Expr:
    """The first of several fields that is neither null nor blank."""
    stripped = [pl.col(name).str.strip_chars() for name in names]
    values = [pl.when(text != "").then(text) for text in stripped]
    return pl.coalesce(values) if values else pl.lit(None, dtype=pl.String)


def _types() -> list[pl.Expr]:
    votes = pl.col(Ratings.HELPFUL).str.replace_all(",", "")
    return [
        pl.col(Ratings.RATING).cast(pl.Float64, strict=False),
        pl.col(Ratings.VERIFIED).str.to_lowercase().is_in(["true", "1"]).cast(pl.Int8),
        votes.cast(pl.Int64, strict=False),
    ]


def _reason(checks: list[tuple[pl.Expr, str]]) -> pl.Expr:
    """The first reason that holds."""
    return pl.coalesce(pl.when(bad).then(pl.lit(why)) for bad, why in checks)


def _set_aside(texts: pl.DataFrame, reasons: pl.Series, path: Path) -> list[Rejected]:
    lines, rows = texts[LINE], texts.drop(LINE).iter_rows(named=True)
    return [
        Rejected.at(path, line, reason, str(row))
        for line, reason, row in zip(lines, reasons, rows, strict=True)
    ]
