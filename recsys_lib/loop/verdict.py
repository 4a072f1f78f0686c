"""From findings to one verdict: fine, look at this, retrain, or roll back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import EXIT_LOOK, EXIT_OK, EXIT_RETRAIN, EXIT_ROLL_BACK
from recsys_lib.loop.comparisons import Drift
from recsys_lib.loop.familiarity import Unknown
from recsys_lib.loop.traffic import lasting_difference
from recsys_lib.loop.version_overlap import Overlap
from recsys_lib.parameters import MonitorParameters

MonitorVerdict = Literal["fine", "look at this", "retrain", "roll back"]
EXIT_CODES: Mapping[MonitorVerdict, int] = {
    "fine": EXIT_OK,
    "look at this": EXIT_LOOK,
    "retrain": EXIT_RETRAIN,
    "roll back": EXIT_ROLL_BACK,
}
"""In order: the last one of the findings is the verdict of all."""
_FEWEST_LISTS = 100
"""Fewer say little of 2 in 100 that are empty, or of 5 in 100 that are slow."""
_OF_ACTIVITY = ("activity", "people")  # more or fewer people: no model mends that


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    verdict: what it means.
    sentence: with the numbers.
    remedy: a command or a parameter; "" where nothing is to be done.
    """

    verdict: MonitorVerdict
    sentence: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.verdict}: {self.sentence}" + (f" -> {self.remedy}" if self.remedy else "")


def overall(findings: Sequence[Finding]) -> MonitorVerdict:
    """The most urgent verdict; fine where nothing was found.

    Examples
    --------
    >>> overall([Finding("retrain", "new items"), Finding("look at this", "slow")])
    'retrain'
    """
    order = list(EXIT_CODES)
    return max((finding.verdict for finding in findings), key=order.index, default="fine")


def of_drift(rows: Sequence[Drift], *, learned: bool, run: str) -> Iterator[Finding]:
    """A finding for each comparison.

    Parameters
    ----------
    rows
        See :func:`recsys_lib.loop.drift.drift`.
    learned
        Whether the served version was trained on the newest data: to retrain changes nothing then.
    run
        The command that trains.
    """
    for row in rows:
        if row.verdict in ("steady", "too few to tell"):
            yield Finding("fine", row.sentence)
        elif row.what in _OF_ACTIVITY:
            yield Finding("look at this", row.sentence, "check that the data are complete")
        elif learned:
            said = f"{row.sentence}; the served version has learned from it"
            yield Finding("look at this" if row.verdict == "strong drift" else "fine", said)
        elif row.verdict == "strong drift":
            yield Finding("retrain", row.sentence, run)
        else:
            yield Finding("look at this", row.sentence, run)


def of_unknown(unknown: Unknown, parameters: MonitorParameters, *, run: str) -> Iterator[Finding]:
    """Findings on what the served version does not know."""
    for what, share, count, most in (
        ("items", unknown.items, unknown.new_items, parameters.max_unknown_items),
        ("users", unknown.users, unknown.new_users, parameters.max_unknown_users),
    ):
        sentence = (
            f"{share:.1%} of {unknown.interactions:,} newest interactions are of {what} that the "
            f"served version does not know ({count:,} {what})"
        )
        if not count:
            sentence = (
                f"the served version knows all {what} of {unknown.interactions:,} newest "
                "interactions"
            )
        if share > most:
            yield Finding("retrain", f"{sentence} (monitor.max_unknown_{what}: {most:g})", run)
        else:
            yield Finding("fine", sentence)


def of_overlap(found: Overlap, parameters: MonitorParameters) -> Iterator[Finding]:
    """A finding on how much the lists changed with the served version."""
    sentence = (
        f"lists of {found.users:,} users share {found.overlap:.0%} of their items with those of "
        f"the version before (rank-biased overlap {found.rank_biased:.2f}); for "
        f"{found.changed:.0%} of the users they share none"
    )
    if found.overlap < parameters.min_overlap:
        least = f"monitor.min_overlap is {parameters.min_overlap:g}"
        yield Finding("look at this", sentence, f"ask both versions for some users; {least}")
    else:
        yield Finding("fine", sentence)


def of_lists(days: pl.DataFrame, parameters: MonitorParameters) -> Iterator[Finding]:
    """Findings on empty and slow lists, of a table of :func:`recsys_lib.loop.traffic.by_day`."""
    lists = int(days["lists"].sum())
    if lists < _FEWEST_LISTS:
        yield Finding("fine", f"{lists:,} lists are too few to say how many are empty or slow")
        return
    empty = float(days["empty"].to_numpy() @ days["lists"].to_numpy()) / lists
    sentence = f"{100 * empty:.1f} of 100 of {lists:,} lists are empty"
    if empty > parameters.max_empty:
        remedy = f"see who gets them; monitor.max_empty is {parameters.max_empty:g}"
        yield Finding("look at this", sentence, remedy)
    else:
        yield Finding("fine", sentence)
    timed = days.drop_nulls("p95 ms").filter(pl.col("lists") >= _FEWEST_LISTS)
    if timed.is_empty():
        return
    slowest = timed.row(int(timed["p95 ms"].arg_max() or 0), named=True)
    sentence = (
        f"on the slowest day ({slowest['day']}) 5 of 100 lists take {slowest['p95 ms']:,.0f} ms"
    )
    if slowest["p95 ms"] > parameters.max_milliseconds:
        remedy = f"docs/performance.md; monitor.max_milliseconds is {parameters.max_milliseconds:g}"
        yield Finding("look at this", f"{sentence} or more", remedy)
    else:
        yield Finding("fine", f"{sentence} or more")


def of_versions(
    shown: pl.DataFrame, served: str, before: str, parameters: MonitorParameters, *, rollback: str
) -> Iterator[Finding]:
    """Findings on the served version beside the one before, by what people did.

    Parameters
    ----------
    shown
        Shown items with their outcomes.
    served, before
        Names of versions.
    rollback
        The command that goes back.
    """
    found = lasting_difference(shown, Feedback.VERSION, before, served, parameters.outcome)
    if found is None:
        yield Finding("fine", f"too few people got lists of {served} and {before} to compare them")
        return
    gap, low, high = (f"{1000 * value:+.1f}" for value in (found.gap, found.low, found.high))
    sentence = (
        f"of 1,000 items of version {served} {1000 * found.second:.1f} are {parameters.outcome}, "
        f"of {before} {1000 * found.first:.1f} (difference {gap}, between {low} and {high})"
    )
    if found.high < 0 and found.gap < -parameters.max_loss * found.first:
        yield Finding("roll back", sentence, rollback)
    elif found.high < 0:
        yield Finding("look at this", f"{sentence}, a loss within monitor.max_loss")
    else:
        yield Finding("fine", sentence)
