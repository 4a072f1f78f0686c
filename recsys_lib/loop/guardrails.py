"""What a promotion must not do: the served version beside the one before, on the log."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.loop.arm_comparison import FEWEST, half_width
from recsys_lib.loop.exported import EXPORT_ROUTE
from recsys_lib.loop.monitor import recent_lists
from recsys_lib.loop.outcomes import person
from recsys_lib.loop.verdict import Finding, of_versions
from recsys_lib.parameters import MonitorParameters
from recsys_lib.paths import Dataset
from recsys_lib.registry import champion, is_first_search, read_history, trained_version

_SLOW = 0.05  # of the lists may take longer than monitor.max_milliseconds
_PERSON, _BAD = "person", "bad"


@dataclass(frozen=True)
class Guardrails:
    """The served version beside the one before.

    Parameters
    ----------
    served, before: names of trained versions; their updates count as they do.
    changes: how many changes of champion a rollback takes.
    findings: on clicks, empty lists and slow lists.
    """

    served: str
    before: str
    changes: int
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> list[str]:
        """A sentence for each guardrail that fell; to roll back is the remedy."""
        return [one.sentence for one in self.findings if one.verdict == "roll back"]


def guardrails(dataset: Dataset, parameters: MonitorParameters) -> Guardrails | None:
    """Compare the served version with the one before, by what people got and did.

    Bounds hold at all times together: whoever looks each hour is not fooled more often.

    Parameters
    ----------
    dataset
        Whose champion.
    parameters
        Limits of the monitor: ``max_loss``, ``max_empty`` and ``max_milliseconds``.

    Returns
    -------
    Guardrails or None
        None where nothing else was served before that can be served again.
    """
    names = [served.name] if (served := champion(dataset)) else []
    names += read_history(dataset).before
    trained = {name: trained_version(dataset.version(name)) for name in names}
    mine = next(iter(trained.values()), "")
    others = (n for n, name in enumerate(names) if trained[name] != mine)
    changes = next((n for n in others if _can_be_served(dataset, names[n])), None)
    if changes is None:
        return None
    before = trained[names[changes]]
    shown = recent_lists(dataset, parameters.days + parameters.before_days)
    seen = shown.filter(pl.col(Feedback.ROUTE) != EXPORT_ROUTE).with_columns(
        pl.col(Feedback.VERSION).cast(pl.String).replace(trained)
    )
    rollback = f"recsys rollback {changes} --dataset {dataset.argument}"
    lists = _lists(seen)
    slow = pl.col(Feedback.MILLISECONDS) > parameters.max_milliseconds
    unit = f"take more than {parameters.max_milliseconds:g} ms"
    findings = (
        *of_versions(seen, mine, before, parameters, rollback=rollback),
        _of_share(lists, mine, before, "are empty", parameters.max_empty, rollback),
        _of_share(
            lists.with_columns(slow.alias(_BAD)).drop_nulls(_BAD),
            mine,
            before,
            unit,
            _SLOW,
            rollback,
        ),
    )
    return Guardrails(mine, before, changes, findings)


def _can_be_served(dataset: Dataset, version: str) -> bool:
    """Whether a rollback may lead to it: it is there, and not of search alone until a run ends."""
    return dataset.version(version).is_dir() and not is_first_search(dataset, version)


def _lists(shown: pl.DataFrame) -> pl.DataFrame:
    """A row for each list, with its person and whether it is empty."""
    return shown.group_by(Feedback.LIST).agg(
        pl.col(Feedback.VERSION, Feedback.MILLISECONDS).first(),
        pl.coalesce(person().first(), pl.col(Feedback.LIST).first()).alias(_PERSON),
        pl.col(Feedback.ITEM).first().is_null().alias(_BAD),
    )


def _of_share(
    lists: pl.DataFrame, served: str, before: str, what: str, most: float, rollback: str
) -> Finding:
    """Whether a person's lists are bad more often than before, and than they may be."""
    people = lists.group_by(Feedback.VERSION, _PERSON).agg(pl.col(_BAD).mean())
    mine, theirs = (people.filter(pl.col(Feedback.VERSION) == v)[_BAD] for v in (served, before))
    if min(len(mine), len(theirs)) < FEWEST:
        return Finding("fine", f"too few people got lists to compare how many {what}")
    now, then = float(mine.mean()), float(theirs.mean())  # type: ignore[arg-type]
    half = sum(half_width(_deviation(one), len(one)) for one in (mine, theirs))
    sentence = (
        f"{100 * now:.1f} of 100 lists of version {served} {what}, of {before} {100 * then:.1f} "
        f"(difference {100 * (now - then):+.1f}, at least {100 * (now - then - half):+.1f})"
    )
    if now - then > half and now > most:
        return Finding("roll back", sentence, rollback)
    return Finding("fine", sentence)


def _deviation(values: pl.Series) -> float:
    """The standard deviation; never 0, as if somebody differed."""
    return max(float(values.std() or 0.0), math.sqrt(1 / len(values)))  # type: ignore[arg-type]
