"""What rules cost: nDCG, recall and coverage of the same lists with and without them.

Lists are those of users some of whose interactions were held out, from the served model trained
without these. What people would do with other lists is not known: an item that a rule puts first
counts as a miss unless the user took it. So this is the price in what is known, not a forecast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from recsys_lib.evaluation.beyond import coverage
from recsys_lib.rules import VersionRules
from recsys_lib.serving.held_out_lists import METRICS, HeldOutLists, K, Measured
from recsys_lib.significance import paired_comparison


@dataclass(frozen=True)
class RuleCost:
    """What rules cost.

    Parameters
    ----------
    segments: one row for all users and for each segment: by, segment, users; for ndcg@10 and
        recall@10 the mean without and with the rules, the difference, and low and high, the bounds
        of its 95 % interval, paired by user; verdict of nDCG; coverage@10 without and with.
    rules: one row for each rule, compared with all rules but this one: rule, kind, lists (share
        that it changes), difference in ndcg@10 with low and high, verdict, coverage (difference).
    n_users: whose lists were compared.
    """

    segments: pd.DataFrame
    rules: pd.DataFrame
    n_users: int


def cost_of(rules: VersionRules, lists: HeldOutLists, day: date | None = None) -> RuleCost:
    """Compare lists with rules and without; ``day`` is when, today by default."""
    before, after = lists.measured(None, day), lists.measured(rules, day)
    segments = [
        _compared(lists, {"by": by, "segment": name}, before, after, members)
        for by, name, members in lists.segments()
    ]
    alone = [
        _of_rule(
            lists, act.rule.kind, act.name, after, lists.measured(rules.without(act.name), day)
        )
        for act in rules.acts
    ]
    return RuleCost(pd.DataFrame(segments), pd.DataFrame(alone), len(lists.split.test_users))


def _compared(
    lists: HeldOutLists,
    facts: Mapping[str, str],
    before: Measured,
    after: Measured,
    members: np.ndarray,
) -> dict[str, Any]:
    row: dict[str, Any] = {**facts, "users": int(members.sum())}
    for name in METRICS:
        without, own = before.values[name][members], after.values[name][members]
        found = paired_comparison(own, without, seed=lists.seed)
        row |= {
            f"{name}@{K} without": float(without.mean()),
            f"{name}@{K} with": float(own.mean()),
            f"{name}@{K} difference": found.mean,
            f"{name}@{K} low": found.low,
            f"{name}@{K} high": found.high,
        }
        if name == METRICS[0]:
            verdict = found.verdict
    n_items = len(lists.recommender.items)
    row["verdict"] = verdict
    for name, measured in (("without", before), ("with", after)):
        row[f"coverage@{K} {name}"] = coverage(measured.lists[members], n_items)
    return row


def _of_rule(
    lists: HeldOutLists, kind: str, name: str, every: Measured, others: Measured
) -> dict[str, Any]:
    metric = METRICS[0]
    found = paired_comparison(every.values[metric], others.values[metric], seed=lists.seed)
    n_items = len(lists.recommender.items)
    gained = coverage(every.lists, n_items) - coverage(others.lists, n_items)
    return {
        "rule": name,
        "kind": kind,
        "lists": float((every.lists != others.lists).any(axis=1).mean()),
        f"{metric}@{K} difference": found.mean,
        f"{metric}@{K} low": found.low,
        f"{metric}@{K} high": found.high,
        "verdict": found.verdict,
        f"coverage@{K} difference": gained,
    }
