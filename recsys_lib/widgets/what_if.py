"""What if: recommendations for a history that is made up, and what a change did to them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import BADGES
from recsys_lib.widgets.person import with_reasons


def recommended_for(
    recommender: Recommender,
    history: Sequence[str],
    n: int,
    before: pd.DataFrame | None = None,
    **wishes: object,
) -> pd.DataFrame:
    """What is recommended to somebody with this history, oldest first.

    With the list ``before`` a change, ``badges`` say which rows are new, and which moved.
    """
    answer = recommender.recommend_for_history(history, n, **wishes)  # type: ignore[arg-type]
    answer = with_reasons(answer)
    if before is None or before.empty:
        return answer
    places = dict(zip(before[Answers.ITEM], before[Answers.RANK], strict=True))
    moved = [
        _moved(places.get(item), rank)
        for item, rank in zip(answer[Answers.ITEM], answer[Answers.RANK], strict=True)
    ]
    return answer.assign(**{BADGES: moved})


def _moved(before: int | None, now: int) -> list[str]:
    if before is None:
        return ["new"]
    if before == now:
        return []
    return [f"{'up' if now < before else 'down'} {abs(before - now)}"]
