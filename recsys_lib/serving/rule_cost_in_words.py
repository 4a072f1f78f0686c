"""What rules cost, in sentences and in tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from recsys_lib.serving.held_out_lists import METRICS, K
from recsys_lib.serving.rule_cost import RuleCost

_DIFFERENCE = ("difference", "change")


def cost_in_words(cost: RuleCost) -> list[str]:
    """The cost for everybody, and the rule that costs most, in sentences."""
    everybody, metric = cost.segments.iloc[0], f"{METRICS[0]}@{K}"
    said = [
        f"Of {cost.n_users:,} users: nDCG@{K} is {everybody[f'{metric} with']:.4f} with the rules "
        f"and {everybody[f'{metric} without']:.4f} without, {everybody['verdict']}: "
        f"{_between(everybody, metric)}; coverage@{K} is "
        f"{everybody[f'coverage@{K} with']:.1%} and {everybody[f'coverage@{K} without']:.1%}."
    ]
    worse = cost.rules[cost.rules["verdict"] == "worse"] if len(cost.rules) else cost.rules
    if len(worse):
        most = worse.loc[worse[f"{metric} difference"].idxmin()]
        said.append(f"{most['rule']} costs most: {_between(most, metric)}.")
    return said


def for_reading(table: pd.DataFrame) -> pd.DataFrame:
    """A table of costs with fewer columns: differences with their interval in one, as texts."""
    shown = pd.DataFrame()
    for name in table:
        prefix, _, last = str(name).rpartition(" ")
        if last in ("low", "high"):
            continue
        column = table[name]
        if last == "difference" and f"{prefix} low" in table:
            shown[f"{prefix} change"] = [_between(row, prefix) for _, row in table.iterrows()]
        elif name == "lists" or str(name).startswith("coverage"):
            sign = "+z" if last == "difference" else ""
            told = {"lists": "lists changed"}.get(str(name), str(name).replace(*_DIFFERENCE))
            shown[told] = [f"{value:{sign}.1%}" for value in column]
        elif column.dtype.kind == "f":
            continue
        else:
            shown[name] = [f"{value:,}" if isinstance(value, int) else value for value in column]
    return shown


def _between(row: Mapping[Any, Any], metric: str) -> str:
    """A difference with its interval."""
    low, high = row[f"{metric} low"], row[f"{metric} high"]
    return f"{row[f'{metric} difference']:+.4f} ({low:+.4f} to {high:+.4f})"
