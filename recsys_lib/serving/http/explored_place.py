"""The place of a list that is kept for items which nobody knows yet."""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TypeVar

from recsys_lib.errors import RecsysError
from recsys_lib.loop.exploration import EXPLORED, ExplorePolicy, explored, next_policy
from recsys_lib.serving.exploring import items_of, new_items
from recsys_lib.serving.http import requests, schemas
from recsys_lib.serving.http.service import Service
from recsys_lib.serving.recommender import Recommender

REMEMBERED = timedelta(days=90)
"""Counts are those of so long a time."""
_REFRESH_SECONDS = 3600.0
_REASON = "few people have seen it yet"

Answer = TypeVar("Answer", bound=schemas.ServedAnswer)


class Chance(NamedTuple):
    """The item of a list that was chosen at random: by which policy, where, how probably."""

    policy: str
    position: int
    propensity: float


class ExploredPlace:
    """Puts one item without history into lists for users and histories.

    A list stays as it is where an item of the policy is in the history, among ``exclude``, or a
    variant of another row; where it is filtered; and where the shop has rules, since they may
    forbid the item. So the choice is always among all items of the policy that are not listed, and
    its probabilities can be computed from the log.

    Parameters
    ----------
    service: the champion, whose training data say which items have no history.
    folder: of the feedback.
    position: place in the list, from 1.
    generator: draws the items.
    """

    def __init__(
        self,
        service: Service,
        folder: Path,
        position: int,
        generator: random.Random | None = None,
    ) -> None:
        self.service, self.folder, self.position = service, folder, position
        self._generator = generator or random.Random()
        self._policy: ExplorePolicy | None = None
        self._version = ""

    def refresh(self) -> None:
        """Count again what was shown and taken, and which items have no history."""
        recommender = self.service.require()
        candidates = new_items(recommender)
        rows = explored(self.folder, datetime.now(UTC) - REMEMBERED)
        policy = next_policy(self.position, candidates, rows)
        if policy is not None:
            policy.save(self.folder)
            policy.probabilities()  # what it needs is computed now, not in a request
        self._policy, self._version = policy, recommender.version

    def keep_refreshing(self) -> None:
        """Refresh now and each hour, for ever; what fails is said and tried again."""
        problem = ""
        while True:
            try:
                self.refresh()
                problem = ""
            except (sqlite3.Error, RecsysError, OSError) as error:
                if str(error) != problem:
                    problem = str(error)
                    print(f"Exploring: {problem}", file=sys.stderr, flush=True)
            time.sleep(_REFRESH_SECONDS)

    def insert(self, body: requests.ListRequest, answer: Answer) -> tuple[Answer, Chance] | None:
        """The answer with an item that is explored; None where it stays as it is."""
        policy, champion = self._policy, self.service.require()
        if policy is None or champion.version != self._version or champion.rules is not None:
            return None
        rows = list(answer.rows)[: body.end - 1]
        taken = _taken(champion, body)
        if taken is None or body.filters is not None or self.position - 1 > len(rows):
            return None
        hidden = taken.union(body.exclude, *(row.variants for row in rows))
        if self.position > body.end or not hidden.isdisjoint(policy.items):
            return None
        drawn = policy.draw({row.id for row in rows}, self._generator)
        if drawn is None:
            return None
        item, propensity = drawn
        # Scores fall along a list: it gets that of the row before it.
        nearest = rows[max(self.position - 2, 0) :][:1]
        row = _row(champion, item, nearest[0].score if nearest else 0.0)
        rows.insert(self.position - 1, row)
        return answer.with_rows(rows), Chance(policy.name, self.position, propensity)


def _taken(champion: Recommender, body: requests.ListRequest) -> set[str] | None:
    """Items of the person; None for questions whose lists are left as they are."""
    if isinstance(body, requests.UserRequest):
        return items_of(champion, body.user_id)
    return set(body.item_ids) if isinstance(body, requests.HistoryRequest) else None


def _row(champion: Recommender, item: str, score: float) -> schemas.Pick:
    shown = champion.item(item)
    return schemas.Pick(
        item_id=item,
        title=shown["title"],
        image_url=shown["image_url"],
        score=score,
        variants=[],
        source=EXPLORED,
        reason=_REASON,
    )
