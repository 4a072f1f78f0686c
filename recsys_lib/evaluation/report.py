"""The results as tables, sentences, and advice on what to try next."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.evaluation.segments import segments, winners

_SMALL_TEST = 1_000
_MANY_COLD = 0.1
_LOW_COVERAGE = 0.1
_FEWEST_CASES = 30
_CLEARLY_MORE = 1.1


def results_table(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """One row per model, the best nDCG first: metrics at k with intervals.

    "vs. served" says whether the model is better or worse than the one that is served.
    """
    gaps = evaluation.differences("ndcg", k)
    verdicts = dict(zip(gaps["model"], gaps["verdict"], strict=True))
    words = {"better": "worse", "worse": "better", "within noise": "within noise"}
    rows = []
    for model in evaluation.ranked_models("ndcg", k):
        row: dict[str, str | float] = {"model": model}
        found = evaluation.results.filter(model=model, k=k)
        for metric in ("recall", "ndcg", "map", "mrr"):
            value, half = found.filter(metric=metric).select("value", "ci95").row(0)
            row[f"{metric}@{k}"] = f"{value:.4f} ± {half:.4f}"
        row["vs. served"] = words[verdicts[model]] if model in verdicts else "served"
        rows.append({**row, "seconds": evaluation.seconds[model]})
    return pl.DataFrame(rows)


def lists_table(evaluation: Evaluation, k: int) -> pl.DataFrame:
    """One row per model: what its lists are like beyond accuracy."""
    beyond = evaluation.results.filter(pl.col("ci95").is_null(), k=k)
    wide = beyond.pivot("metric", index="model", values="value")
    order = pl.DataFrame({"model": evaluation.ranked_models("ndcg", k)})
    return order.join(wide, on="model", maintain_order="left")


def in_words(evaluation: Evaluation, k: int) -> str:
    """How often the served model finds what was held out, and how it compares, in words."""
    served = evaluation.served
    own, popular = (evaluation.value(model, "recall", k) for model in (served, "popular"))
    sentence = (
        f"The served model, {served}, finds {own:.1%} of the held-out items in its top {k}; "
        f"the most popular items contain {popular:.1%}.{_users_in_words(evaluation)}"
    )
    rivals = evaluation.differences("ndcg", k)
    ahead, alike = (
        ", ".join(rivals.filter(verdict=verdict)["model"]) for verdict in ("worse", "within noise")
    )
    if ahead:
        return f"{sentence} Better beyond noise: {ahead}."
    if alike:
        return f"{sentence} Within noise of it: {alike}."
    return f"{sentence} It is better than every other model beyond noise."


def _users_in_words(evaluation: Evaluation) -> str:
    used, most = len(evaluation.split.test_users), evaluation.n_users
    if used >= most:
        return ""
    return (
        f" {used:,} of {most:,} test users were enough: its nDCG less that of the best other model "
        f"is known to ± {evaluation.half_width:.4f}."
    )


def what_to_try(evaluation: Evaluation, k: int) -> list[str]:
    """Advice computed from the results, the most important first; may be empty."""
    return [
        *_rivals(evaluation, k),
        *_cold_items(evaluation),
        *_weak_groups(evaluation, k),
        *_narrow_lists(evaluation, k),
        *_small_test(evaluation),
    ]


def _rivals(evaluation: Evaluation, k: int) -> Iterator[str]:
    for row in evaluation.differences("ndcg", k).filter(verdict="worse").iter_rows(named=True):
        yield (
            f"{row['model']} beats the served model (nDCG@{k} by "
            f"{-row['difference']:.4f}). What is served was chosen on the validation part: use "
            "more users there (evaluate.blend_users) before you serve something else."
        )
    gap = evaluation.value(evaluation.served, "ndcg", k) - evaluation.value("als", "ndcg", k)
    beaten = "worse" in set(evaluation.differences("ndcg", k, reference="als")["verdict"])
    if (evaluation.served == "als" or gap <= 0) and not beaten:
        yield (
            "Nothing beats plain ALS beyond noise here: tune als.factors, als.alpha and "
            "als.regularization with --grid."
        )


def _cold_items(evaluation: Evaluation) -> Iterator[str]:
    split = evaluation.split
    items = split.test.interactions.item
    cold = float((split.item_popularity[items] == 0).mean())
    if cold > _MANY_COLD:
        yield (
            f"{cold:.0%} of the held-out interactions are with items that have none in training. "
            "Only their texts can find them: add product data (embed.fields), or hold out less."
        )


def _weak_groups(evaluation: Evaluation, k: int) -> Iterator[str]:
    lost = winners(evaluation, k).filter(pl.col("best") != evaluation.served)
    for row in lost.iter_rows(named=True):
        # A handful of cases proves nothing.
        clear = row["recall"] > _CLEARLY_MORE * row["served"]
        if row["held_out"] >= _FEWEST_CASES and clear:
            yield (
                f"In the {row['by']} group {row['group']!r}, {row['best']} finds "
                f"{row['recall']:.1%} and the served model {row['served']:.1%} "
                f"({row['held_out']:,} cases): a blend learned from more such "
                "users may close the gap."
            )


def _narrow_lists(evaluation: Evaluation, k: int) -> Iterator[str]:
    coverage = evaluation.value(evaluation.served, "coverage", k)
    tail = segments(evaluation, k).filter(by="item", group="tail", model=evaluation.served)
    if coverage < _LOW_COVERAGE:
        found = f", and {tail['recall'][0]:.1%} of the tail is found" if len(tail) else ""
        yield (
            f"Only {coverage:.1%} of the items are ever recommended{found}: lower als.alpha or "
            "raise als.factors if the long tail matters."
        )


def _small_test(evaluation: Evaluation) -> Iterator[str]:
    users = len(evaluation.split.test_users)
    if users < _SMALL_TEST:
        yield (
            f"With {users:,} test users only large differences stand out from noise: hold out "
            "more of each user (evaluate.n_last) or add data."
        )
