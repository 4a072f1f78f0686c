"""What is like a product: by likes, by text and by the blend, side by side."""

from __future__ import annotations

from collections.abc import Container
from typing import get_args

import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.errors import RecsysError
from recsys_lib.serving import Recommender
from recsys_lib.serving._rankings import By
from recsys_lib.widgets.cards import BADGES

BY = "by"
WAYS: dict[By, str] = {
    "als": "Liked by the same people",
    "text": "Reads alike",
    "blend": "Recommended after it",
}
"""How each way is called, in the order of the columns."""

_ALSO: dict[str, str] = {
    "als": "same people",
    "text": "reads alike",
    "blend": "recommended after it",
}


def ways(recommender: Recommender) -> list[By]:
    """The ways that the parts of a version allow."""
    parts = {
        "als": recommender.als,
        "text": recommender.product_search,
        "blend": recommender.blend,
    }
    return [by for by in get_args(By) if parts[by] is not None]


def similar(
    recommender: Recommender,
    item_id: str,
    n: int,
    without: Container[str] = (),
    **wishes: object,
) -> tuple[pd.DataFrame, dict[By, str]]:
    """Neighbours of an item by each way that knows it, and why the others know nothing.

    ``without`` leaves ways out that are not ready yet.
    Columns: those of an answer, ``by``, and as ``badges`` the other ways that list the item, too.
    """
    answers: list[pd.DataFrame] = []
    problems: dict[By, str] = {}
    for by in ways(recommender):
        if by in without:
            problems[by] = "One moment …"
            continue
        try:
            answer = recommender.similar_items(item_id, n, by=by, **wishes)  # type: ignore[arg-type]
        except RecsysError as error:
            problems[by] = str(error)
            continue
        source = set(answer[Answers.SOURCE])
        if by == "als" and source == {"semantic"}:
            problems[by] = "Nobody took it so far."
        else:
            answers.append(answer.assign(**{BY: by}))
    if not answers:
        recommender.similar_items(item_id, n, **wishes)  # type: ignore[arg-type]  # says what is wrong
    table = pd.concat(answers, ignore_index=True)
    others = table.groupby(Answers.ITEM)[BY].agg(list)
    table[BADGES] = [
        [f"also: {_ALSO[other]}" for other in others[item] if other != by]
        for item, by in zip(table[Answers.ITEM], table[BY], strict=True)
    ]
    return table, problems
