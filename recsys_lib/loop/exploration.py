"""One place of a list for items that nobody knows yet: which one, and with which probability.

The items and their counts at a moment are a policy. Its file in ``policies/`` of the feedback
folder is named like it, and each list that it changed names it, so that the probability of every
other choice can be computed later.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.columns import Feedback
from recsys_lib.errors import ArtifactError
from recsys_lib.files import read_json, write_json
from recsys_lib.loop.outcomes import outcomes
from recsys_lib.loop.reading import read_events, read_shown
from recsys_lib.loop.thompson import Thompson

EXPLORED = "explore"
"""The source of an item that was chosen so."""
POOL = 50
"""Items among which one is chosen; more would each be shown too seldom."""
ENOUGH_INTERACTIONS = 5
"""Items with this many interactions have a history."""
ENOUGH_SHOWN = 1_000
"""Items that were shown so often are known well enough to make room for others."""
_FOLDER = "policies"


@dataclass(frozen=True)
class ExplorePolicy:
    """What is explored, by which counts.

    Parameters
    ----------
    position: place in a list, from 1.
    items: among which one is chosen.
    taken, shown: counts of each.
    """

    position: int
    items: tuple[str, ...]
    taken: tuple[int, ...]
    shown: tuple[int, ...]

    @cached_property
    def name(self) -> str:
        """The same for the same items and counts."""
        content = json.dumps(asdict(self)).encode()
        return f"thompson-{hashlib.blake2b(content, digest_size=6).hexdigest()}"

    @cached_property
    def _sampler(self) -> Thompson:
        return Thompson(np.array(self.taken), np.array(self.shown))

    def probabilities(self, listed: Collection[str] = ()) -> dict[str, float]:
        """Of each item to be chosen for a list that has the items ``listed`` already."""
        rows = [row for row, item in enumerate(self.items) if item not in listed]
        if not rows:
            return {}
        found = self._sampler.probabilities(np.array(rows)).tolist()
        return dict(zip((self.items[row] for row in rows), found, strict=True))

    def draw(self, listed: Collection[str], generator: random.Random) -> tuple[str, float] | None:
        """An item and its probability; None where the list has them all."""
        chances = self.probabilities(listed)
        if not chances:
            return None
        (item,) = generator.choices(list(chances), list(chances.values()))
        return item, chances[item]

    def save(self, folder: Path) -> None:
        """Write it into a feedback folder, unless it is there."""
        path = _path(folder, self.name)
        if not path.is_file():
            write_json(path, asdict(self))

    @classmethod
    def load(cls, folder: Path, name: str) -> ExplorePolicy:
        """Read it from a feedback folder; ArtifactError where the file is missing or damaged."""
        path = _path(folder, name)
        try:
            stored = read_json(path)
            policy = cls(
                int(stored["position"]),
                tuple(map(str, stored["items"])),
                tuple(map(int, stored["taken"])),
                tuple(map(int, stored["shown"])),
            )
        except FileNotFoundError as error:
            raise ArtifactError(f"{path} is missing, and lists in the log need it") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtifactError(f"{path} is damaged: move it away") from error
        if policy.name != name:
            raise ArtifactError(f"{path} was changed: its content is that of {policy.name}")
        return policy


def _path(folder: Path, name: str) -> Path:
    return folder / _FOLDER / f"{name}.json"


def explored(folder: Path, since: datetime | None = None) -> pl.DataFrame:
    """A row for each item that was shown to be explored, with its list and its outcomes.

    Parameters
    ----------
    folder
        Of feedback.
    since
        Only lists of this time and later.

    Returns
    -------
    polars.DataFrame
        Columns list_id, time, user_id, session_id, version, policy, route, item_id, position,
        source, propensity and ``OUTCOMES``.
    """
    shown = read_shown(folder, since, _COLUMNS)
    # An event belongs to one of the lists with its item: other items are not needed for that.
    items = shown.filter(pl.col(Feedback.SOURCE) == EXPLORED).select(Feedback.ITEM).unique()
    events = read_events(folder, since).join(items, on=Feedback.ITEM, how="semi")
    seen = shown.join(items, on=Feedback.ITEM, how="semi", maintain_order="left")
    return outcomes(seen, events).filter(pl.col(Feedback.SOURCE) == EXPLORED)


_COLUMNS = (
    Feedback.LIST,
    Feedback.TIME,
    Feedback.USER,
    Feedback.SESSION,
    Feedback.VERSION,
    Feedback.POLICY,
    Feedback.ROUTE,
    Feedback.ITEM,
    Feedback.POSITION,
    Feedback.SOURCE,
    Feedback.PROPENSITY,
)


def next_policy(
    position: int, candidates: Sequence[str], rows: pl.DataFrame, outcome: str = "clicked"
) -> ExplorePolicy | None:
    """The policy by all that is known now.

    Parameters
    ----------
    position
        Place in a list, from 1.
    candidates
        Items without enough history.
    rows
        See :func:`explored`.
    outcome
        One of ``OUTCOMES``: what counts as taken.

    Returns
    -------
    ExplorePolicy or None
        Of at most ``POOL`` items, in an order that is the same on every day; None where fewer than
        two items are left.
    """
    counts = {
        str(item): (taken, shown)
        for item, taken, shown in rows.group_by(Feedback.ITEM)
        .agg(pl.col(outcome).sum().alias("taken"), pl.len().alias("shown"))
        .iter_rows()
    }
    left = [item for item in candidates if counts.get(item, (0, 0))[1] < ENOUGH_SHOWN]
    items = sorted(left, key=_shuffled)[:POOL]
    if len(items) < _FEWEST:
        return None
    taken, shown = zip(*(counts.get(item, (0, 0)) for item in items), strict=True)
    return ExplorePolicy(position, tuple(items), taken, shown)


_FEWEST = 2


def _shuffled(item: str) -> bytes:
    """A key for an order that has nothing to do with that of the catalogue."""
    return hashlib.blake2b(item.encode(errors="replace"), digest_size=8).digest()
