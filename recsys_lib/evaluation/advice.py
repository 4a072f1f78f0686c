"""What to try next, computed from the results."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.evaluation.segments import segments, winners

_SMALL_TEST = 1_000
_MANY = 0.1
_FEW = 30


def what_to_try(evaluation: Evaluation, k: int) -> list[str]:
    """Sentences, the most important first; an empty list when nothing stands out."""
    return [
        *_rivals(evaluation, k),
        *_cold(evaluation),
        *_weak_groups(evaluation, k),
        *_narrow_lists(evaluation, k),
        *_small_test(evaluation),
    ]


def _rivals(evaluation: Evaluation, k: int) -> Iterator[str]:
    for row in evaluation.differences("ndcg", k).filter(verdict="worse").iter_rows(named=True):
        yield (
            f"{row['model']} ranks better than what is served (nDCG@{k} by "
            f"{-row['difference']:.4f}): the choice was made on the validation part, so look at "
            "more users there (evaluate.blend_users) before serving something else."
        )
    gap = evaluation.value(evaluation.served, "ndcg", k) - evaluation.value("als", "ndcg", k)
    if evaluation.served == "als" or gap <= 0:
        yield (
            "Plain ALS is hard to beat here: tune als.factors, als.alpha and als.regularization "
            "with --grid."
        )


def _cold(evaluation: Evaluation) -> Iterator[str]:
    split = evaluation.split
    items = split.test.interactions.item
    cold = float((split.item_popularity[items] == 0).mean())
    if cold > _MANY:
        yield (
            f"{cold:.0%} of what was held out are items that nobody had before: only their texts "
            "can find them, so give more product data (embed.fields) or evaluate less far ahead."
        )


def _weak_groups(evaluation: Evaluation, k: int) -> Iterator[str]:
    lost = winners(evaluation, k).filter(pl.col("best") != evaluation.served)
    for row in lost.iter_rows(named=True):
        # Fewer than a handful of cases say nothing.
        if row["held_out"] >= _FEW and row["recall"] > 1.1 * row["served"]:
            yield (
                f"For {row['by']} {row['group']}, {row['best']} finds {row['recall']:.1%} where "
                f"the served model finds {row['served']:.1%} ({row['held_out']:,} cases): a "
                "blend learned from more such users may close the gap."
            )


def _narrow_lists(evaluation: Evaluation, k: int) -> Iterator[str]:
    coverage = evaluation.value(evaluation.served, "coverage", k)
    tail = segments(evaluation, k).filter(by="item", group="tail", model=evaluation.served)
    if coverage < _MANY:
        found = f", and {tail['recall'][0]:.1%} of the tail is found" if len(tail) else ""
        yield (
            f"Only {coverage:.1%} of the items are recommended to anybody{found}: lower "
            "als.alpha or raise als.factors when the long tail matters."
        )


def _small_test(evaluation: Evaluation) -> Iterator[str]:
    users = len(evaluation.split.test_users)
    if users < _SMALL_TEST:
        yield (
            f"With {users:,} test users only large differences can be told from noise: hold out "
            "more of each user (evaluate.n_last) or bring more data."
        )
