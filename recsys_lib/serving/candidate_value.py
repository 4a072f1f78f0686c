"""How good a version is that nobody saw yet, by the random choices in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from recsys_lib.errors import ThinSupportError
from recsys_lib.loop.candidates import judge
from recsys_lib.loop.off_policy import ENOUGH_SUPPORT, Estimate, difference, estimate
from recsys_lib.serving.exploring import ranked_among
from recsys_lib.serving.recommender import Recommender


@dataclass(frozen=True)
class CandidateValue:
    """What people would do with the choices of a version at the place that is explored.

    Parameters
    ----------
    version: the candidate.
    outcome: what counts, for example clicked.
    lists: random choices that were logged; ``left_out`` of them say nothing about the versions.
    rate: mean outcome of the others.
    effective: how many of them count for the candidate.
    estimates: mean outcome of its choices, by method: ips, snips, dr.
    served: the version that it is compared with; "" for none.
    gain: how much more its choices bring than those of ``served``; None where there is none, or
        where its support is too thin.
    """

    version: str
    outcome: str
    lists: int
    left_out: int
    rate: float
    effective: float
    estimates: Mapping[str, Estimate]
    served: str = ""
    gain: Estimate | None = None

    @property
    def sentence(self) -> str:
        """What follows, in words."""
        if not self.served:
            return "no other version to compare with"
        if self.gain is None:
            return f"support of the served version {self.served} too thin to compare with it"
        gain = self.gain
        low, value, high = (f"{100 * x:+.2f}" for x in (gain.low, gain.value, gain.high))
        said = f"beside {self.served} {value} of 100 {self.outcome}, between {low} and {high}"
        if gain.low > 0:
            return f"{said}: {self.version} chooses better"
        if gain.high < 0:
            return f"{said}: {self.version} chooses worse"
        return f"{said}: no difference to be seen"


def candidate_value(
    candidate: Recommender,
    served: Recommender | None = None,
    *,
    outcome: str = "clicked",
    since: datetime | None = None,
    enough: float = ENOUGH_SUPPORT,
) -> CandidateValue:
    """Estimate what people would do with the choices of a version.

    Parameters
    ----------
    candidate
        The version; it chooses among the items of each random choice in the log of its dataset.
    served
        A version to compare it with; one without an evaluation cannot be.
    outcome
        clicked, carted, purchased or dismissed.
    since
        Only lists of this time and later.
    enough
        The effective number of lists that an estimate takes.

    Raises
    ------
    ThinSupportError
        Where fewer lists count for the candidate.
    QueryError
        Where nothing random was logged for users that the versions know.
    NotTrainedError
        For a version without an evaluation.

    Examples
    --------
    >>> candidate = Recommender.load("models/shop/20260302-0315-cd34")  # doctest: +SKIP
    >>> candidate_value(candidate).estimates["dr"]  # doctest: +SKIP
    Estimate(value=0.071, low=0.058, high=0.084)
    """
    rankers = {"candidate": partial(ranked_among, candidate)}
    served = served if served is not None and served.blend is not None else None
    if served is not None:
        rankers["served"] = partial(ranked_among, served)
    judged = judge(candidate.dataset.feedback, rankers, outcome, since)
    places = judged.places["candidate"]
    estimates = estimate(places, enough)
    gain = None
    if served is not None:
        try:
            gain = difference(judged.places["served"], places, enough)
        except ThinSupportError:
            gain = None  # what is known of the candidate is known all the same
    return CandidateValue(
        candidate.version,
        outcome,
        judged.lists,
        judged.left_out,
        judged.rate,
        places.effective,
        estimates,
        served.version if served else "",
        gain,
    )
