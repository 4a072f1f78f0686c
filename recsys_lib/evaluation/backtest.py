"""A back-test: had we served this since then, how good would it have been, cut by cut?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import polars as pl

from recsys_lib.blend import Parts
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation.evaluate import SERVED, Evaluation, evaluate
from recsys_lib.evaluation.split import back_test
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.evaluation.version import learn, models_to_compare, served_name
from recsys_lib.parameters import EvaluateParameters

_BASELINES = ("als", "popular", "recent")


def back_test_table(
    interactions: Interactions, parts: Parts, parameters: EvaluateParameters, k: int
) -> pl.DataFrame:
    """Learn before each of ``parameters.cuts`` times, and measure what follows it.

    Everything is learned anew at each time, from what lies before it.

    Parameters
    ----------
    interactions
        With times.
    parts
        ALS parameters and texts.
    parameters
        Of 04_evaluate: ``cuts`` and ``share`` say when.
    k
        Length of the lists.

    Returns
    -------
    pl.DataFrame
        One row for each time and model: ``from`` and ``until`` (days of the test part), ``users``,
        ``cold users``, ``held out``, ``cold held out``, ``model`` (served, als, popular, recent),
        ``served`` (the model that was served then), recall, ndcg and its bounds ``low``, ``high``.

    Raises
    ------
    ParameterError
        When times only order the interactions of one user, the cuts leave too little, or a part
        has no target event.
    """
    splits = back_test(interactions, parameters.cuts, parameters.share, seed=parameters.seed)
    if parameters.target_events:
        splits = [split.of_events(parameters.target_events) for split in splits]
    rows = [row for split in splits for row in _rows(split, parts, parameters, k)]
    return pl.DataFrame(rows)


def _rows(
    split: TrainTest, parts: Parts, parameters: EvaluateParameters, k: int
) -> Iterator[dict[str, object]]:
    split = split.sample(parameters.max_users, parameters.seed)
    evaluation = _evaluated(split, parts, parameters, k)
    counts, times = split.counts(), split.test.interactions.timestamp
    facts = {
        "from": _day(times.min()),
        "until": _day(times.max()),
        "users": counts["test users"],
        "cold users": counts["cold test users"],
        "held out": counts["held-out interactions"],
        "cold held out": counts["held-out interactions of cold items"],
    }
    for model in dict.fromkeys((evaluation.served, *_BASELINES)):
        if model in evaluation.models:
            ndcg = evaluation.results.filter(model=model, metric="ndcg", k=k).row(0, named=True)
            yield {
                **facts,
                "model": SERVED if model == evaluation.served else model,
                "served": evaluation.served,
                f"recall@{k}": evaluation.value(model, "recall", k),
                f"ndcg@{k}": ndcg["value"],
                "low": ndcg["low"],
                "high": ndcg["high"],
            }


def _evaluated(
    split: TrainTest, parts: Parts, parameters: EvaluateParameters, k: int
) -> Evaluation:
    trained = learn(split, parts, parameters)
    models = models_to_compare(split, trained, parts, parameters)
    served = served_name(trained.learned, models)
    wanted = {name: model for name, model in models.items() if name in (served, *_BASELINES)}
    return evaluate(wanted, split, [k], seed=parameters.seed, served=served)


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).strftime("%Y-%m-%d")
