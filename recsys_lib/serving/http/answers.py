"""From a request to its answer, by the facade."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from pydantic import BaseModel

from recsys_lib.columns import Answers
from recsys_lib.errors import ArtifactError
from recsys_lib.serving._explanations import Explanation
from recsys_lib.serving.http import requests, schemas
from recsys_lib.serving.http.errors import KNOWN, readable, status_code
from recsys_lib.serving.recommender import Recommender

_WISHES = ("filters", "exclude", "diversity", "group_variants")

Asked = TypeVar("Asked", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)


def similar(recommender: Recommender, body: requests.SimilarRequest) -> schemas.Similar:
    """Items like one item."""
    answer = recommender.similar_items(body.item_id, body.n, body.by, **_list(body))
    return schemas.Similar.model_validate({"recommendations": _rows(answer), **_by_rules(answer)})


def user(recommender: Recommender, body: requests.UserRequest) -> schemas.Recommendations:
    """Items for a known user."""
    liked = body.filter_already_liked
    return _picks(recommender.recommend(body.user_id, body.n, liked, **_list(body)))


def history(recommender: Recommender, body: requests.HistoryRequest) -> schemas.Recommendations:
    """Items for anybody who took these items."""
    return _picks(recommender.recommend_for_history(body.item_ids, body.n, **_list(body)))


def search(recommender: Recommender, body: requests.SearchRequest) -> schemas.SearchResults:
    """Products whose text answers the query."""
    answer = recommender.search(
        body.query, body.top_k, mode=body.mode, offset=body.offset, **_list(body)
    )
    rows = _rows(answer.rename(columns={Answers.ITEM: "product_id"}))
    return schemas.SearchResults.model_validate({"results": rows, **_by_rules(answer)})


def explanation(
    ask: Callable[..., Explanation], body: requests.ExplanationRequest
) -> schemas.Explanation:
    """Where an item stands for a user; ``ask`` is explain or why_not."""
    asked = {name: getattr(body, name) for name in type(body).model_fields}
    return schemas.Explanation.model_validate(ask(**asked).to_dict())


def each(
    ask: Callable[[Recommender, Asked], Answer], recommender: Recommender, bodies: Sequence[Asked]
) -> list[Answer | schemas.BatchProblem]:
    """One answer for each question; a question that fails leaves the others alone."""
    answers: list[Answer | schemas.BatchProblem] = []
    for body in bodies:
        try:
            answers.append(ask(recommender, body))
        except KNOWN as error:
            problem = schemas.BatchProblem(code=status_code(error), detail=readable(str(error)))
            answers.append(problem)
    return answers


def _list(body: requests.ListRequest) -> dict[str, Any]:
    """What a list can be asked for, as arguments of the facade."""
    return {name: getattr(body, name) for name in _WISHES}


def _picks(answer: pd.DataFrame) -> schemas.Recommendations:
    if Answers.REASON not in answer:
        answer = answer.assign(**{Answers.REASON: None})
    rows = _rows(answer)
    return schemas.Recommendations.model_validate({"recommendations": rows, **_by_rules(answer)})


def _by_rules(answer: pd.DataFrame) -> dict[str, Any]:
    """What the rules of the shop did; nothing where there are none."""
    names = (Answers.RULES, Answers.LEFT_OUT)
    return {name: answer.attrs[name] for name in names if name in answer.attrs}


def _rows(answer: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON: unknown values are null. ArtifactError for a score that is not finite."""
    if not np.isfinite(answer[Answers.SCORE].to_numpy(dtype=np.float64)).all():
        raise ArtifactError("the model gives scores that are not finite: train it again")
    columns = {str(name): answer[name].tolist() for name in answer}
    columns.setdefault(Answers.VARIANTS, [[] for _ in range(len(answer))])
    rows = zip(*columns.values(), strict=True)
    return [{n: _known(v) for n, v in zip(columns, row, strict=True)} for row in rows]


def _known(value: Any) -> Any:
    """None in the place of a missing title or picture, which pandas may keep as NaN."""
    return None if isinstance(value, float) and math.isnan(value) else value
