"""Champion and challenger on people: whose lists do more, safe to look at on every day.

Each person counts once: 1 where an outcome happened to any shown item, else 0. The difference of
the arms is the mean of

    (A / s - (1 - A) / (1 - s)) * (Y - m),

where A is 1 for the challenger, s its share, Y the person's value and m the mean of all. Its
confidence sequence holds at all times together with probability 95 %, so that stopping when it
leaves 0 does not fool anybody.

References: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences" (2024), theorem 2.2; Fabijan et al., "Diagnosing sample ratio
mismatch in online controlled experiments" (2019).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np
import polars as pl
from scipy.optimize import brentq
from scipy.stats import binomtest

from recsys_lib.columns import Feedback
from recsys_lib.errors import QueryError
from recsys_lib.loop.assignment import CHALLENGER, CHAMPION
from recsys_lib.loop.outcomes import OUTCOMES, person

ArmsVerdict = Literal[
    "better", "worse", "too early", "no difference that matters", "not comparable"
]
ALPHA = 0.05
SMALLEST_EFFECT = 0.1
"""A difference below this share of the champion's rate does not matter."""
_TIGHTEST_AT = 2_000  # people at whom the interval is narrowest beside that of a single look
FEWEST = 100
"""People of an arm: before, the normal approximation does not hold."""
_MISMATCH = 0.001  # p-value of the shares of people
_MOST_PEOPLE = 1e9


@dataclass(frozen=True)
class ArmComparison:
    """The challenger beside the champion, by one outcome.

    Parameters
    ----------
    outcome: one of ``OUTCOMES``.
    people: of each arm.
    rates: share of the people of each arm to whom the outcome happened.
    difference: challenger - champion; ``low`` and ``high`` bound it, at whatever time one looks.
    verdict: from the sight of the challenger.
    days_left: until a difference of ``SMALLEST_EFFECT`` shows, where it is too early.
    sample_ratio_p: p-value of the numbers of people, were the shares as they should be.
    """

    outcome: str
    people: dict[str, int]
    rates: dict[str, float]
    difference: float
    low: float
    high: float
    verdict: ArmsVerdict
    days_left: int | None
    sample_ratio_p: float

    @property
    def sentence(self) -> str:
        """The same in words."""
        said = ", ".join(
            f"{arm} {100 * self.rates[arm]:.1f} of 100 people ({self.people[arm]:,})"
            for arm in (CHAMPION, CHALLENGER)
            if self.people[arm]
        )
        return f"{self.outcome}: {said}; {self._conclusion}"

    @property
    def _conclusion(self) -> str:
        if self.verdict == "not comparable":
            return (
                "not comparable, since the arms have not the shares of people that they should "
                f"have (p = {self.sample_ratio_p:.2g}): look for lists that are not logged, or "
                "people who change their id"
            )
        low, mean, high = (f"{100 * x:+.1f}" for x in (self.low, self.difference, self.high))
        bounds = f"difference {mean}, between {low} and {high}"
        if self.verdict == "too early":
            wait = f", some {self.days_left:,} more days" if self.days_left else ""
            return f"{bounds}: too early to say{wait}"
        if self.verdict == "no difference that matters":
            return f"{bounds}: no difference that matters"
        return f"{bounds}: the challenger is {self.verdict}"


def compare_arms(shown: pl.DataFrame, share: float, outcome: str = "clicked") -> ArmComparison:
    """Compare the arms by what people did.

    Parameters
    ----------
    shown
        Shown items with their outcomes, see :func:`recsys_lib.loop.outcomes.outcomes`; rows that
        are in no arm, or of nobody known, are left out.
    share
        Of the people who were to get the challenger, between 0 and 1.
    outcome
        One of ``OUTCOMES``.

    Raises
    ------
    QueryError
        For another outcome or share, and when no list has an arm.
    """
    if outcome not in OUTCOMES:
        raise QueryError(f"outcome {outcome!r}: choose from {', '.join(OUTCOMES)}")
    if not 0 < share < 1:
        raise QueryError(f"share {share!r}: give a number between 0 and 1")
    people = _people(shown, outcome)
    if people.is_empty():
        raise QueryError(
            "no list of a known person belongs to an arm: recsys serve --challenger RUN --share 0.1"
        )
    treated = people[Feedback.ARM].to_numpy() == CHALLENGER
    values = people["value"].to_numpy().astype(np.float64)
    counts = {CHAMPION: int((~treated).sum()), CHALLENGER: int(treated.sum())}
    rates = {
        CHAMPION: _mean(values[~treated]),
        CHALLENGER: _mean(values[treated]),
    }
    difference, half = _difference(values, treated, share)
    matters = SMALLEST_EFFECT * rates[CHAMPION] if counts[CHAMPION] else math.nan
    ratio = float(binomtest(counts[CHALLENGER], len(values), share).pvalue)
    verdict = _verdict(counts, ratio, difference, half, matters)
    wait = None
    if verdict == "too early" and matters > 0:
        wait = days_left(people[Feedback.TIME], half, matters)
    return ArmComparison(
        outcome,
        counts,
        rates,
        difference,
        difference - half,
        difference + half,
        verdict,
        wait,
        ratio,
    )


def half_width(deviation: float, n: int) -> float:
    """Half the width of the confidence sequence of a mean after ``n`` values.

    ``deviation`` is their standard deviation. Infinite where there is no value.
    """
    if n == 0:
        return math.inf
    tilt = (-2 * math.log(ALPHA) + math.log(-2 * math.log(ALPHA) + 1)) / _TIGHTEST_AT
    grown = n * tilt + 1
    return deviation * math.sqrt(2 * grown / (n**2 * tilt) * math.log(math.sqrt(grown) / ALPHA))


def days_left(times: pl.Series, half: float, matters: float) -> int | None:
    """Days until ``half``, half the width of an interval, is as small as ``matters``.

    With as many new people a day as so far: ``times`` are those of each person's first list, in
    order. None where it would take more people than there are.
    """
    n, first, last = len(times), times.item(0), times.item(-1)  # in order
    days = max((last - first) / timedelta(days=1), 1.0)
    deviation = half / half_width(1.0, n)
    if deviation == 0 or half_width(deviation, n) <= matters:
        return 0
    if half_width(deviation, int(_MOST_PEOPLE)) > matters:
        return None
    needed = brentq(lambda m: half_width(deviation, round(m)) - matters, n, _MOST_PEOPLE, xtol=1.0)
    return math.ceil((needed - n) / (n / days))


def _people(shown: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """A row for each person: arm, first time, value. Who was in both arms is in none."""
    return (
        shown.with_columns(person())
        .filter(pl.col("person").is_not_null(), pl.col(Feedback.ARM).is_in([CHAMPION, CHALLENGER]))
        .group_by("person")
        .agg(
            pl.col(Feedback.ARM).first(),
            pl.col(Feedback.ARM).n_unique().alias("arms"),
            pl.col(Feedback.TIME).min(),
            pl.col(outcome).any().alias("value"),
        )
        .filter(pl.col("arms") == 1)
        .sort(Feedback.TIME, "person")
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else math.nan


def _difference(values: np.ndarray, treated: np.ndarray, share: float) -> tuple[float, float]:
    weights = np.where(treated, 1 / share, -1 / (1 - share))
    terms = weights * (values - values.mean())
    return float(terms.mean()), half_width(float(terms.std()), len(terms))


def _verdict(
    counts: dict[str, int], ratio: float, difference: float, half: float, matters: float
) -> ArmsVerdict:
    if ratio < _MISMATCH:
        return "not comparable"
    if min(counts.values()) < FEWEST:
        return "too early"
    if abs(difference) > half:
        return "better" if difference > 0 else "worse"
    if max(abs(difference - half), abs(difference + half)) < matters:
        return "no difference that matters"
    return "too early"
