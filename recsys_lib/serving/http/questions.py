"""Ask the right version, and log what it answers, off the path of the request."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from recsys_lib.errors import StorageError
from recsys_lib.loop import Event, FeedbackLog, ServedList
from recsys_lib.loop.assignment import (
    CHALLENGER,
    CHAMPION,
    INTERLEAVED,
    JOINED,
    NO_ARM,
    arm_of,
)
from recsys_lib.loop.records import new_id, policy_of
from recsys_lib.serving.http import answers, requests, schemas
from recsys_lib.serving.http.explored_place import ExploredPlace
from recsys_lib.serving.http.followed_rules import FollowedRules
from recsys_lib.serving.http.interleaved import interleaved
from recsys_lib.serving.http.made import Made
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
    challenger: a version that is compared with the champion.
    share: of the people who get the lists of the challenger.
    interleave: whether people get lists of both versions instead.
    explored_place: puts items without history into lists; None where nothing is explored.
    """

    def __init__(
        self,
        service: Service,
        log: FeedbackLog | None = None,
        challenger: Recommender | None = None,
        share: float = 0.0,
        *,
        interleave: bool = False,
        explored_place: ExploredPlace | None = None,
    ) -> None:
        self.service, self.log = service, log
        self.challenger, self.share, self.interleave = challenger, share, interleave
        self.explored_place = explored_place
        self._rules = FollowedRules(service.dataset.rules)

    def ask(
        self, route: str, answer: Callable[[Recommender, Asked], Answer], body: Asked
    ) -> Answer:
        """Answer one question, and log the list."""
        return self._logged(route, body, partial(self._for_person, answer, body))

    def batch(self, body: requests.BatchRequest) -> schemas.Batch:
        """Answer many questions by the champion; they are part of no experiment."""
        recommender = self.service.require()
        return schemas.Batch(
            users=self._each("user", answers.user, recommender, body.users),
            histories=self._each("history", answers.history, recommender, body.histories),
            similar=self._each("similar", answers.similar, recommender, body.similar),
            searches=self._each("search", answers.search, recommender, body.searches),
        )

    def add_events(self, body: requests.EventsRequest) -> schemas.EventsAnswer:
        """Write events; they are on the disk when this returns."""
        if self.log is None:
            raise StorageError("this service keeps no feedback: start it without --no-feedback")
        events = [Event(**sent.facts()) for sent in body.events]
        added = self.log.add_events(events)
        return schemas.EventsAnswer(accepted=added, repeated=len(events) - added)

    def _for_person(
        self, answer: Callable[[Recommender, Asked], Answer], body: Asked
    ) -> Made[Answer]:
        made = self._in_experiment(answer, body)
        return made.explored(self.explored_place, body) if self.explored_place else made

    def _in_experiment(
        self, answer: Callable[[Recommender, Asked], Answer], body: Asked
    ) -> Made[Answer]:
        """The list of the version, or versions, that this person gets."""
        champion, person = self.service.require(), body.user_id or body.session_id
        if self.challenger is None:
            return Made(answer(champion, body), champion.version, CHAMPION)
        self._rules.refresh(self.challenger)
        if not self.interleave:
            arm = arm_of(person, self.challenger.version, self.share)
            asked = self.challenger if arm == CHALLENGER else champion
            return Made(answer(asked, body), asked.version, arm)
        if person is not None:
            joint = interleaved(answer, champion, self.challenger, body, person)
            if joint is not None:
                version = f"{champion.version}{JOINED}{self.challenger.version}"
                return Made(joint[0], version, INTERLEAVED, joint[1])
        return Made(answer(champion, body), champion.version, NO_ARM)

    def _each(
        self,
        route: str,
        answer: Callable[[Recommender, Asked], Answer],
        recommender: Recommender,
        bodies: Sequence[Asked],
    ) -> list[Answer | schemas.BatchProblem]:
        arm = NO_ARM if self.challenger else CHAMPION

        def ask(asked: Recommender, body: Asked) -> Answer:
            return self._logged(route, body, lambda: Made(answer(asked, body), asked.version, arm))

        return answers.each(ask, recommender, bodies)

    def _logged(self, route: str, body: Asked, make: Callable[[], Made[Answer]]) -> Answer:
        started = time.perf_counter()
        made = make()
        found = made.answer
        if self.log is None:
            return found
        found.list_id = new_id()
        served = ServedList(
            made.version,
            tuple(made.shown(1 + body.start)),
            route,
            body.question,
            body.user_id,
            body.session_id,
            made.arm,
            made.chance.policy if made.chance else policy_of(found.rules),
            milliseconds=1000 * (time.perf_counter() - started),
            list_id=found.list_id,
        )
        self.log.add_list(served)
        return found
