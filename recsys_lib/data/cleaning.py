"""Text records to ratings: types, rules, duplicates, and a count for every row that goes."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from recsys_lib.columns import Ratings
from recsys_lib.data.records import FILE, LINE, Records
from recsys_lib.data.rejected import Rejected, count_reasons
from recsys_lib.data.sources import Fields, Source
from recsys_lib.data.times import parse_times

_REASON = "__reason__"


@dataclass(frozen=True)
class CleanRatings:
    """Ratings in the form of the table ``user_item_rating``, and what became of every line.

    Parameters
    ----------
    frame: columns ``Ratings.ALL``; one row per (user, item), in the order of user, then time.
    rejected: the lines that were set aside.
    n_lines, n_exact_duplicates, n_superseded: lines read; repeated lines; earlier ratings of a
        product that the same user rated again. ``n_lines`` is the sum of all three and the
        rows that were kept and rejected.
    timestamp_unit: ms, s or order: what the source holds; the frame has ms, or the plain order.
    has_ratings: False when the source has none.
    """

    frame: pl.DataFrame
    rejected: list[Rejected]
    n_lines: int
    n_exact_duplicates: int
    n_superseded: int
    timestamp_unit: str
    has_ratings: bool

    def funnel(self) -> list[dict[str, int | str]]:
        """``[{rows, what}]``: the lines that were read, what took some away, what is left."""
        gone = [
            *((reason, n) for reason, n in count_reasons(self.rejected).items()),
            ("exact duplicates", self.n_exact_duplicates),
            ("superseded by a later rating", self.n_superseded),
        ]
        steps: list[dict[str, int | str]] = [{"what": "lines read", "rows": self.n_lines}]
        steps += [{"what": what, "rows": -n} for what, n in gone if n]
        return [*steps, {"what": "ratings kept", "rows": len(self.frame)}]


def source_names(fields: Fields) -> list[str]:
    """All names to read from the files for these fields."""
    return list(dict.fromkeys(name for names in fields.values() for name in names))


def clean_ratings(records: Records, source: Source, timestamp_unit: str) -> CleanRatings:
    """Apply types and rules to review records; ``timestamp_unit`` as in EtlParameters."""
    texts = records.frame.select(
        pl.struct(LINE, FILE).struct.unnest(),
        *(_first_value(names).alias(ours) for ours, names in source.review_fields.items()),
    )
    has_ratings = texts[Ratings.RATING].count() > 0
    times, unit = parse_times(texts[Ratings.TIMESTAMP], timestamp_unit)
    typed = texts.with_columns(*_types(), times.alias(Ratings.TIMESTAMP)).with_columns(
        _reason(texts, has_ratings, source.rating_range).alias(_REASON)
    )
    good = typed.filter(pl.col(_REASON).is_null()).drop(_REASON)
    distinct = good.unique(Ratings.ALL, keep="first", maintain_order=True)
    kept = distinct.sort(Ratings.USER, Ratings.TIMESTAMP, FILE, LINE).unique(
        [Ratings.USER, Ratings.ITEM], keep="last", maintain_order=True
    )
    return CleanRatings(
        frame=kept.select(Ratings.ALL),
        rejected=sorted(
            records.rejected + _set_aside(typed, records),
            key=lambda bad: (bad.file, bad.line),
        ),
        n_lines=records.n_lines,
        n_exact_duplicates=len(good) - len(distinct),
        n_superseded=len(distinct) - len(kept),
        timestamp_unit=unit,
        has_ratings=has_ratings,
    )


def _first_value(names: tuple[str, ...]) -> pl.Expr:
    """The first of several fields that is neither null nor blank."""
    return pl.coalesce(
        pl.when(pl.col(n).str.strip_chars() != "").then(pl.col(n).str.strip_chars()) for n in names
    )


def _types() -> list[pl.Expr]:
    votes = pl.col(Ratings.HELPFUL).str.replace_all(",", "")
    return [
        pl.col(Ratings.RATING).cast(pl.Float64, strict=False),
        pl.col(Ratings.VERIFIED).str.to_lowercase().is_in(["true", "1"]).cast(pl.Int8),
        votes.cast(pl.Int64, strict=False),
    ]


def _reason(texts: pl.DataFrame, has_ratings: bool, limits: tuple[float, float] | None) -> pl.Expr:
    """Why a typed row is bad; null when it is good. Compares with the text before typing."""
    checks: list[tuple[pl.Expr | pl.Series, str]] = [
        (pl.col(Ratings.USER).is_null(), f"{Ratings.USER} is missing"),
        (pl.col(Ratings.ITEM).is_null(), f"{Ratings.ITEM} is missing"),
        (texts[Ratings.RATING].is_null() & has_ratings, f"{Ratings.RATING} is missing"),
        (
            pl.col(Ratings.RATING).is_null() & texts[Ratings.RATING].is_not_null(),
            f"{Ratings.RATING} is not a number",
        ),
        (pl.col(Ratings.TIMESTAMP).is_null(), f"{Ratings.TIMESTAMP} is missing or no time"),
    ]
    rating = pl.col(Ratings.RATING)
    if limits is not None:
        low, high = limits
        outside = ~rating.is_between(low, high)
        checks.append((outside, f"{Ratings.RATING} is not between {low:g} and {high:g}"))
    else:
        good = rating.is_finite() & (rating > 0)
        checks.append((~good, f"{Ratings.RATING} is not positive"))
    return pl.coalesce(pl.when(bad).then(pl.lit(why)) for bad, why in checks)


def _set_aside(typed: pl.DataFrame, records: Records) -> list[Rejected]:
    bad = typed.with_row_index("__row__").filter(pl.col(_REASON).is_not_null())
    texts = records.frame[bad["__row__"].to_list()].drop(LINE, FILE)
    return [
        Rejected.at(records.files[file], line, reason, str(text))
        for file, line, reason, text in zip(
            bad[FILE], bad[LINE], bad[_REASON], texts.iter_rows(named=True), strict=True
        )
    ]
