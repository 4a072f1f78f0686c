"""Ask the right version, and log what it answers, off the path of the request."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from recsys_lib.errors import StorageError
from recsys_lib.loop import Event, FeedbackLog, ServedList, Shown
from recsys_lib.loop.assignment import CHALLENGER, CHAMPION, NO_ARM, arm_of
from recsys_lib.loop.records import new_id
from recsys_lib.serving.http import answers, requests, schemas
from recsys_lib.serving.http.service import Service
from recsys_lib.serving.recommender import Recommender

Asked = TypeVar("Asked", bound=requests.ListRequest)
Answer = TypeVar("Answer", bound=schemas.ServedAnswer)


class Questions:
    """What the service is asked for lists.

    Parameters
    ----------
    service: the champion.
    log: takes every list; None keeps none.
    challenger: a version that answers a share of the people in place of the champion.
    """

    def __init__(
        self,
        service: Service,
        log: FeedbackLog | None = None,
        challenger: Recommender | None = None,
        share: float = 0.0,
    ) -> None:
        self.service, self.log = service, log
        self.challenger, self.share = challenger, share

    def ask(
        self, route: str, answer: Callable[[Recommender, Asked], Answer], body: Asked
    ) -> Answer:
        """Answer one question, and log the list."""
        recommender, arm = self._version(body.user_id or body.session_id)
        return self._logged(arm, route, answer, recommender, body)

    def batch(self, body: requests.BatchRequest) -> schemas.Batch:
        """Answer many questions by the champion; they are part of no experiment."""
        recommender = self.service.require()
        arm = NO_ARM if self.challenger else CHAMPION

        ask = partial(self._logged, arm)
        return schemas.Batch(
            users=answers.each(partial(ask, "user", answers.user), recommender, body.users),
            histories=answers.each(
                partial(ask, "history", answers.history), recommender, body.histories
            ),
            similar=answers.each(
                partial(ask, "similar", answers.similar), recommender, body.similar
            ),
            searches=answers.each(
                partial(ask, "search", answers.search), recommender, body.searches
            ),
        )

    def add_events(self, body: requests.EventsRequest) -> schemas.EventsAnswer:
        """Write events; they are on the disk when this returns."""
        if self.log is None:
            raise StorageError("this service keeps no feedback: start it without --no-feedback")
        events = [Event(**sent.facts()) for sent in body.events]
        added = self.log.add_events(events)
        return schemas.EventsAnswer(accepted=added, repeated=len(events) - added)

    def _version(self, key: str | None) -> tuple[Recommender, str]:
        champion = self.service.require()
        if self.challenger is None:
            return champion, CHAMPION
        arm = arm_of(key, self.challenger.version, self.share)
        return (self.challenger if arm == CHALLENGER else champion), arm

    def _logged(
        self,
        arm: str,
        route: str,
        answer: Callable[[Recommender, Asked], Answer],
        recommender: Recommender,
        body: Asked,
    ) -> Answer:
        started = time.perf_counter()
        found = answer(recommender, body)
        if self.log is None:
            return found
        found.list_id = new_id()
        served = ServedList(
            recommender.version,
            tuple(
                Shown(row.id, position, row.score, row.source)
                for position, row in enumerate(found.rows, 1 + getattr(body, "offset", 0))
            ),
            route,
            body.question,
            body.user_id,
            body.session_id,
            arm,
            milliseconds=1000 * (time.perf_counter() - started),
            list_id=found.list_id,
        )
        self.log.add_list(served)
        return found
