"""Lists of all compared models, each source asked once, for as many users as are needed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from recsys_lib.blend import Blend, rank_together
from recsys_lib.evaluation import metrics
from recsys_lib.evaluation.models import Random, SameForEveryone, SourceAlone
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.ranking import Scorer, top_k, top_k_of_row
from recsys_lib.significance import half_width

MAIN_METRIC, MAIN_K = "ndcg", 10
_FIRST_USERS, _GROWTH = 20_000, 2


@dataclass(frozen=True)
class Ranked:
    """The lists of all models for the users that were needed.

    Parameters
    ----------
    split: its test users are those that were ranked for.
    lists: for each model int32, shape (test users, k), best first.
    seconds: for each model the time to score and rank.
    half_width: of the paired interval between the served model and the best other one; NaN where
        all users were ranked for without looking.
    """

    split: TrainTest
    lists: dict[str, np.ndarray]
    seconds: dict[str, float]
    half_width: float = float("nan")


def rank_until(
    models: Mapping[str, Scorer],
    split: TrainTest,
    k: int,
    *,
    seed: int,
    served: str,
    precision: float,
) -> Ranked:
    """Rank for random users, more and more, until the models can be told apart well enough.

    That is when the 95 % interval of the paired difference between ``served`` and the best other
    model, in nDCG@10, is at most ``precision`` to either side. With 0 all test users are ranked.
    """
    if not precision or len(models) < 2:
        return _rank(models, split, k, seed)
    ranked = None
    for users in _samples(split.test_users, seed):
        more = _rank(models, replace(split, test=split.test.of_users(users)), k, seed)
        ranked = more if ranked is None else _joined(split, ranked, more)
        width = _paired_half_width(ranked, served, min(k, MAIN_K), seed)
        ranked = replace(ranked, half_width=width)
        if width <= precision:
            break
    assert ranked is not None
    is_all = len(ranked.split.test_users) == len(split.test_users)
    return replace(ranked, split=split) if is_all else ranked


def _samples(users: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    """Disjoint random parts of the users, each as large as all before it."""
    drawn = np.random.default_rng(seed).permutation(users)
    start, stop = 0, _FIRST_USERS
    while start < len(drawn):
        yield np.sort(drawn[start:stop])
        start, stop = stop, stop * _GROWTH


def _joined(whole: TrainTest, a: Ranked, b: Ranked) -> Ranked:
    users = np.concatenate([a.split.test_users, b.split.test_users])
    order = np.argsort(users)
    lists = {name: np.concatenate([a.lists[name], b.lists[name]])[order] for name in a.lists}
    seconds = {name: a.seconds[name] + b.seconds[name] for name in a.lists}
    return Ranked(replace(whole, test=whole.test.of_users(users)), lists, seconds)


def _paired_half_width(ranked: Ranked, served: str, k: int, seed: int) -> float:
    relevant = ranked.split.test.relevant
    n_relevant = np.diff(relevant.indptr)
    values = {
        name: metrics.ACCURACY[MAIN_METRIC](metrics.hits(lists[:, :k], relevant), n_relevant)
        for name, lists in ranked.lists.items()
    }
    others = [name for name in values if name != served]
    best = max(others, key=lambda name: values[name].mean())
    return half_width(values[served] - values[best], seed=seed)


def _rank(models: Mapping[str, Scorer], split: TrainTest, k: int, seed: int) -> Ranked:
    """Lists without the items of the training history."""
    seen, users = split.train.user_items(), split.test_users
    lists, seconds = _rank_by_histories(models, users, k, seed)
    for name, model in models.items():
        if name in lists:
            continue
        started = time.perf_counter()
        if isinstance(model, SameForEveryone):
            lists[name] = top_k_of_row(model.counts, seen[users], k, seed=seed)
        elif isinstance(model, Random):
            lists[name] = model.lists(users, seen, k)
        else:
            lists[name] = top_k(model, users, seen, k, seed=seed)
        seconds[name] = time.perf_counter() - started
    return Ranked(split, {name: lists[name] for name in models}, seconds)


def _rank_by_histories(
    models: Mapping[str, Scorer], users: np.ndarray, k: int, seed: int
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """The blend and single sources: what they all share is computed once."""
    alone = {name: model for name, model in models.items() if isinstance(model, SourceAlone)}
    blends = {name: model for name, model in models.items() if isinstance(model, Blend)}
    known = [model.histories for model in alone.values()]
    known += [model.histories for model in blends.values()]
    if not known:
        return {}, {}
    sources = {name: model.source for name, model in alone.items()}
    return rank_together(blends, sources, known[0].take(users), k, seed=seed)
