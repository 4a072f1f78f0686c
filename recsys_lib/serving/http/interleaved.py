"""A list of two versions by team draft: both are asked, and take turns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from recsys_lib.errors import NotTrainedError, UnknownIdError
from recsys_lib.loop.assignment import CHALLENGER, CHAMPION
from recsys_lib.loop.interleaving import coin_of, team_draft
from recsys_lib.serving.http import requests, schemas
from recsys_lib.serving.recommender import Recommender

Asked = TypeVar("Asked", bound=requests.ListRequest)
Answer = TypeVar("Answer", bound=schemas.ServedAnswer)
TEAMS = (CHAMPION, CHALLENGER)


def interleaved(
    answer: Callable[[Recommender, Asked], Answer],
    champion: Recommender,
    challenger: Recommender,
    body: Asked,
    person: str,
) -> tuple[Answer, list[str]] | None:
    """One list of both versions, and the team of each row.

    Parameters
    ----------
    answer
        Asks one version.
    champion, challenger
        Who begins a turn is decided by a coin that falls the same whenever ``person`` asks the
        same. Pages of search are those of one long list.
    body
        The question.

    Returns
    -------
    tuple or None
        The list and the teams, CHAMPION or CHALLENGER. None where the challenger cannot answer,
        since it does not know the person or the item.
    """
    whole = body.from_start()
    ours = answer(champion, whole)
    try:
        theirs = answer(challenger, whole)
    except (UnknownIdError, NotTrainedError):
        return None
    coin = coin_of(challenger.version, person, type(body).__name__, body.question)
    draws = team_draft(_names(ours), _names(theirs), body.end, coin)
    # Scores of two models have no common scale: the place alone orders the rows.
    rows = [
        (ours, theirs)[draw.team].rows[draw.place].model_copy(update={"score": 1 / place})
        for place, draw in enumerate(draws, 1)
    ][body.start :]
    return ours.with_rows(rows), [TEAMS[draw.team] for draw in draws[body.start :]]


def _names(found: schemas.ServedAnswer) -> list[list[str]]:
    """Of each row the item and its variants, which a list has once."""
    return [[row.id, *row.variants] for row in found.rows]
