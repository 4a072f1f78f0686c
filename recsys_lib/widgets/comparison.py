"""One question asked twice: of two versions, in two modes, or with two weights."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from recsys_lib.columns import Answers
from recsys_lib.serving import Recommender
from recsys_lib.widgets.cards import BADGES
from recsys_lib.widgets.person import with_reasons
from recsys_lib.widgets.similar import WAYS, ways
from recsys_lib.widgets.suggestions import Kind, Question

_MODES = {
    "hybrid": "by meaning and words",
    "semantic": "by meaning",
    "lexical": "by words",
}
_REPEATS = {"exclude": "new products only", "allow": "also what they have", "only": "only again"}
SIDE = "side"


@dataclass(frozen=True)
class Setting:
    """How a question is asked.

    Parameters
    ----------
    way: one of :func:`choices` for its kind.
    weight: share of the meaning in hybrid search; None for that of the index.
    """

    way: str
    weight: float | None = None


def choices(recommender: Recommender, kind: Kind) -> dict[str, str]:
    """The ways to ask a question of this kind, and how they are called."""
    if kind == "product":
        return {by: WAYS[by] for by in ways(recommender)}
    if kind == "person":
        return dict(_REPEATS) if recommender.als is not None else {}
    return dict(_MODES) if recommender.product_search is not None else {}


def answer(recommender: Recommender, question: Question, setting: Setting, n: int) -> pd.DataFrame:
    """The answer of one version to a question."""
    if question.kind == "product":
        return recommender.similar_items(question.text, n, by=setting.way)  # type: ignore[arg-type]
    if question.kind == "person":
        return with_reasons(
            recommender.recommend(question.text, n, repeats=setting.way)  # type: ignore[arg-type]
        )
    if setting.way == "hybrid" and setting.weight is not None:
        return _weighted(recommender, question.text, setting.weight, n)
    return recommender.search(question.text, n, mode=setting.way)  # type: ignore[arg-type]


def compared(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Both answers, with ``side`` A or B and as ``badges`` the place in the other one."""
    sides = []
    for side, mine, theirs in (("A", one, other), ("B", other, one)):
        places = dict(zip(theirs[Answers.ITEM], theirs[Answers.RANK], strict=True))
        name = "B" if side == "A" else "A"
        badges = [
            [f"place {places[i]} in {name}"] if i in places else [] for i in mine[Answers.ITEM]
        ]
        sides.append(mine.assign(**{SIDE: side, BADGES: badges}))
    return pd.concat(sides, ignore_index=True)


def _weighted(recommender: Recommender, query: str, weight: float, n: int) -> pd.DataFrame:
    search = recommender.product_search
    assert search is not None
    rows, scores = search.search(query, n, mode="hybrid", semantic_weight=weight)
    shown = search.display[rows.tolist()]
    return pd.DataFrame(
        {
            Answers.QUERY: query,
            Answers.ITEM: shown["id"].to_list(),
            Answers.TITLE: shown["title"].to_list(),
            Answers.SCORE: scores,
            Answers.RANK: range(1, len(rows) + 1),
            Answers.SOURCE: "hybrid",
            Answers.IMAGE: shown["image_url"].to_list(),
        }
    )
