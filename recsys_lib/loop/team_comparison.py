"""Interleaved lists: whose items people take, safe to look at on every day.

Each person with an outcome counts once: +1 who took more items of the challenger, -1 who took more
of the champion, 0 who took equally many. Where the versions are equally good the mean is 0, since
a coin decides who begins. Its confidence sequence is that of
:func:`recsys_lib.loop.arm_comparison.half_width`.

Reference: Chapelle, Joachims, Radlinski, Yue, "Large-scale validation and analysis of interleaved
search evaluation" (2012).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import QueryError
from recsys_lib.loop.arm_comparison import FEWEST, ArmsVerdict, days_left, half_width
from recsys_lib.loop.assignment import CHALLENGER, CHAMPION
from recsys_lib.loop.outcomes import OUTCOMES, person

SMALLEST_PREFERENCE = 0.1
"""It does not matter when less than 55 people prefer one version for 45 who prefer the other."""


@dataclass(frozen=True)
class TeamComparison:
    """The challenger beside the champion in the same lists, by one outcome.

    Parameters
    ----------
    outcome: one of ``OUTCOMES``.
    people: who got interleaved lists.
    wins: people who took more items of each version.
    ties: people who took equally many of both.
    preference: (wins of the challenger - wins of the champion) / (wins and ties), from -1 to 1;
        ``low`` and ``high`` bound it, at whatever time one looks.
    verdict: from the sight of the challenger.
    days_left: until a preference of ``SMALLEST_PREFERENCE`` shows, where it is too early.
    """

    outcome: str
    people: int
    wins: dict[str, int]
    ties: int
    preference: float
    low: float
    high: float
    verdict: ArmsVerdict
    days_left: int | None

    @property
    def sentence(self) -> str:
        """The same in words."""
        said = (
            f"{self.outcome}: of {self.people:,} people {self.wins[CHAMPION]:,} took more items of "
            f"the champion, {self.wins[CHALLENGER]:,} of the challenger, {self.ties:,} equally many"
        )
        if not self.wins[CHAMPION] + self.wins[CHALLENGER] + self.ties:
            return f"{said}: too early to say"
        low, mean, high = (f"{100 * x:+.1f}" for x in (self.low, self.preference, self.high))
        said = f"{said}; preference for the challenger {mean} of 100, between {low} and {high}"
        if self.verdict == "too early":
            wait = f", some {self.days_left:,} more days" if self.days_left else ""
            return f"{said}: too early to say{wait}"
        if self.verdict == "no difference that matters":
            return f"{said}: no difference that matters"
        return f"{said}: the challenger is {self.verdict}"


def compare_teams(shown: pl.DataFrame, outcome: str = "clicked") -> TeamComparison:
    """Compare the versions of interleaved lists by what people did.

    Parameters
    ----------
    shown
        Shown items with their outcomes, see :func:`recsys_lib.loop.outcomes.outcomes`; items of no
        team, or of nobody known, are left out.
    outcome
        One of ``OUTCOMES``.

    Raises
    ------
    QueryError
        For another outcome, and when no item of a known person has a team.
    """
    if outcome not in OUTCOMES:
        raise QueryError(f"outcome {outcome!r}: choose from {', '.join(OUTCOMES)}")
    everybody = _taken(shown, outcome)
    if everybody.is_empty():
        raise QueryError(
            "no list of a known person is interleaved: recsys serve --challenger RUN --interleave"
        )
    people = everybody.filter(pl.col(CHAMPION) + pl.col(CHALLENGER) > 0)
    sides = np.sign(people[CHALLENGER].to_numpy() - people[CHAMPION].to_numpy()).astype(np.float64)
    preference = float(sides.mean()) if len(sides) else 0.0
    half = half_width(float(sides.std()) if len(sides) else 1.0, len(sides))
    verdict = _verdict(len(sides), preference, half)
    wins = {CHAMPION: int((sides < 0).sum()), CHALLENGER: int((sides > 0).sum())}
    wait = None
    if verdict == "too early" and len(sides):
        wait = days_left(people[Feedback.TIME], half, SMALLEST_PREFERENCE)
    low, high = max(preference - half, -1.0), min(preference + half, 1.0)
    ties = len(sides) - sum(wins.values())
    return TeamComparison(outcome, len(everybody), wins, ties, preference, low, high, verdict, wait)


def _taken(shown: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """A row for each person: first time, and how many items of each team had the outcome."""
    team = pl.col(Feedback.TEAM)
    return (
        shown.with_columns(person())
        .filter(pl.col("person").is_not_null(), team.is_in([CHAMPION, CHALLENGER]))
        .group_by("person")
        .agg(
            pl.col(Feedback.TIME).min(),
            *(
                (pl.col(outcome) & (team == name)).sum().cast(pl.Int64).alias(name)
                for name in (CHAMPION, CHALLENGER)
            ),
        )
        .sort(Feedback.TIME, "person")
    )


def _verdict(n: int, preference: float, half: float) -> ArmsVerdict:
    if n < FEWEST:
        return "too early"
    if abs(preference) > half:
        return "better" if preference > 0 else "worse"
    if abs(preference) + half < SMALLEST_PREFERENCE:
        return "no difference that matters"
    return "too early"
