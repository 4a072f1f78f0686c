"""Which experiment a service runs: the challenger, its share of the people, and since when."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, write_json
from recsys_lib.loop.assignment import CHALLENGER, INTERLEAVED, JOINED
from recsys_lib.loop.records import now

EXPERIMENT = "experiment.json"


@dataclass(frozen=True)
class Experiment:
    """An experiment: two versions on people.

    Parameters
    ----------
    challenger: version that answers in place of the champion.
    share: of the people who get it, or, where lists are interleaved, 1: everybody.
    interleaved: whether each list is of both versions.
    since: time in UTC as ISO 8601 text.
    """

    challenger: str
    share: float
    since: str
    interleaved: bool = False

    @property
    def start(self) -> datetime:
        """``since`` as a time."""
        return datetime.fromisoformat(self.since)

    def lists(self, shown: pl.DataFrame) -> pl.DataFrame:
        """The rows of ``shown`` that belong to it."""
        arm, version = pl.col(Feedback.ARM), pl.col(Feedback.VERSION).cast(pl.String)
        own = (arm != CHALLENGER) | (version == self.challenger)
        if self.interleaved:
            own = (arm == INTERLEAVED) & version.str.ends_with(f"{JOINED}{self.challenger}")
        return shown.filter(pl.col(Feedback.TIME) >= self.start, own)


def start_experiment(
    folder: Path, challenger: str, share: float, *, interleaved: bool = False
) -> Experiment:
    """Note an experiment, unless it is the one that runs already.

    With another challenger, another share or the other kind of lists, a new one starts.
    """
    running = running_experiment(folder)
    wanted = Experiment(challenger, share, running.since if running else now(), interleaved)
    if running != wanted:
        running = replace(wanted, since=now())
        write_json(folder / EXPERIMENT, asdict(running))
    return running


def running_experiment(folder: Path) -> Experiment | None:
    """The last experiment of a feedback folder; None where there was none yet."""
    path = folder / EXPERIMENT
    try:
        stored = read_json(path)
        running = Experiment(
            str(stored["challenger"]),
            float(stored["share"]),
            str(stored["since"]),
            bool(stored.get("interleaved", False)),
        )
        _ = running.start  # a time
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArtifactError(f"{path} is damaged: move it away") from error
    return running
