"""A list as it was made, before it is logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from recsys_lib.loop import Shown
from recsys_lib.loop.assignment import NO_TEAM
from recsys_lib.serving.http import requests, schemas
from recsys_lib.serving.http.explored_place import Chance, ExploredPlace

Answer = TypeVar("Answer", bound=schemas.ServedAnswer)


@dataclass(frozen=True)
class Made(Generic[Answer]):
    """A list, and how it was made.

    Parameters
    ----------
    answer: the list.
    version, arm: as the log has them, see :class:`recsys_lib.loop.ServedList`.
    teams: of an interleaved list, the team of each row.
    chance: of the item that was chosen at random, where one was.
    """

    answer: Answer
    version: str
    arm: str
    teams: Sequence[str] = ()
    chance: Chance | None = None

    def explored(self, explored_place: ExploredPlace, body: requests.ListRequest) -> Made[Answer]:
        """The list with an item that is explored; it is of no team."""
        found = explored_place.insert(body, self.answer)
        if found is None:
            return self
        answer, chance = found
        teams = list(self.teams)
        if teams:
            teams.insert(chance.position - 1, NO_TEAM)
        return replace(self, answer=answer, teams=teams[: len(answer.rows)], chance=chance)

    def shown(self, first: int) -> Iterator[Shown]:
        """Its items for the log; ``first`` is the position of the first one."""
        teams = self.teams or [NO_TEAM] * len(self.answer.rows)
        for at, (row, team) in enumerate(zip(self.answer.rows, teams, strict=True), first):
            chance = self.chance if self.chance and self.chance.position == at else None
            propensity = chance.propensity if chance else 1.0
            yield Shown(row.id, at, row.score, row.source, propensity, team)
