"""Which experiment a service runs: the challenger, its share of the people, and since when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, write_json
from recsys_lib.loop.assignment import CHALLENGER
from recsys_lib.loop.records import now

EXPERIMENT = "experiment.json"


@dataclass(frozen=True)
class Experiment:
    """An experiment: two versions on people.

    Parameters
    ----------
    challenger: version that answers in place of the champion.
    share: of the people who get it.
    since: time in UTC as ISO 8601 text.
    """

    challenger: str
    share: float
    since: str

    @property
    def start(self) -> datetime:
        """``since`` as a time."""
        return datetime.fromisoformat(self.since)

    def lists(self, shown: pl.DataFrame) -> pl.DataFrame:
        """The rows of ``shown`` that belong to it."""
        own = (pl.col(Feedback.ARM) != CHALLENGER) | (pl.col(Feedback.VERSION) == self.challenger)
        return shown.filter(pl.col(Feedback.TIME) >= self.start, own)


def start_experiment(folder: Path, challenger: str, share: float) -> Experiment:
    """Note an experiment, unless it is the one that runs already.

    With another challenger, or another share, a new one starts.
    """
    running = running_experiment(folder)
    if running is None or (running.challenger, running.share) != (challenger, share):
        running = Experiment(challenger, share, now())
        write_json(folder / EXPERIMENT, asdict(running))
    return running


def running_experiment(folder: Path) -> Experiment | None:
    """The last experiment of a feedback folder; None where there was none yet."""
    path = folder / EXPERIMENT
    try:
        stored = read_json(path)
        running = Experiment(
            str(stored["challenger"]), float(stored["share"]), str(stored["since"])
        )
        _ = running.start  # a time
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged: move it away") from error
    return running
