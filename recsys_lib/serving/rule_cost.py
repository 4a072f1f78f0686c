"""What rules cost: nDCG, recall and coverage of the same lists with and without them.

Lists are those of users some of whose interactions were held out, from the served model trained
without these. What people would do with other lists is not known: an item that a rule puts first
counts as a miss unless the user took it. So this is the price in what is known, not a forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from recsys_lib.blend import Blend, BlendModel, Histories, Parts
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError, NotTrainedError
from recsys_lib.evaluation import TrainTest, metrics, split_by
from recsys_lib.evaluation.beyond import coverage
from recsys_lib.evaluation.segments import HISTORY_LENGTHS
from recsys_lib.evaluation.served import served_before_test
from recsys_lib.files import read_json
from recsys_lib.parameters import RULE_COST_USERS, EvaluateParameters
from recsys_lib.paths import Dataset, outputs_root
from recsys_lib.ranking import NO_ITEM, in_blocks
from recsys_lib.registry import run_command
from recsys_lib.rules import Asked, VersionRules
from recsys_lib.search.facets import CATEGORIES
from recsys_lib.serving._lists import ListOptions
from recsys_lib.serving._ranked import Hits, Ranked
from recsys_lib.serving._ruled_lists import DEPTH
from recsys_lib.serving.recommender import Recommender
from recsys_lib.significance import paired_comparison

K = 10
METRICS = ("ndcg", "recall")
_DIFFERENCE = ("difference", "change")
_CATEGORIES = 5  # segments of users who like one
_COMMON = 0.9  # a category that so many users like says nothing


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


@dataclass(frozen=True)
class HeldOutLists:
    """Lists of users some of whose interactions were held out; made by :meth:`of`.

    The model is trained once, and the candidates of all lists are computed once, whatever rules are
    tried.
    """

    recommender: Recommender
    split: TrainTest
    blend: Blend
    seed: int

    @classmethod
    def of(cls, recommender: Recommender, n_users: int = RULE_COST_USERS) -> HeldOutLists:
        """Split the interactions as the version was evaluated, and train what is served again.

        Parameters
        ----------
        recommender
            An evaluated version.
        n_users
            The most users whose lists are compared, drawn at random.

        Raises
        ------
        NotTrainedError
            For a version without a blend.
        ArtifactError
            When the interactions are not those that the version was trained on.
        """
        model, dataset = recommender.blend, recommender.dataset
        if model is None:
            raise NotTrainedError(
                f"version {recommender.version} was not evaluated, so nothing is known of what "
                f"rules cost: {run_command(dataset)}"
            )
        parameters = _parameters(dataset, recommender.version)
        interactions = Interactions.load(dataset.processed)
        if interactions.items != recommender.require_als().items:
            raise ArtifactError(
                f"the data have changed since version {recommender.version} was trained: "
                f"{run_command(dataset)}"
            )
        split = split_by(interactions, parameters).sample(n_users, parameters.seed)
        parts = Parts.load(dataset.version(recommender.version))
        blend = served_before_test(model, split, parts, parameters)
        return cls(recommender, split, blend, parameters.seed)

    def cost(self, rules: VersionRules, day: date | None = None) -> RuleCost:
        """Compare lists with rules and without; ``day`` is when, today by default."""
        before, after = self._measured(None, day), self._measured(rules, day)
        segments = [
            self._compared({"by": by, "segment": name}, before, after, members)
            for by, name, members in self._segments()
        ]
        alone = [
            self._of_rule(
                act.rule.kind, act.name, after, self._measured(rules.without(act.name), day)
            )
            for act in rules.acts
        ]
        return RuleCost(pd.DataFrame(segments), pd.DataFrame(alone), len(self.split.test_users))

    @property
    def _histories(self) -> Histories:
        return self.blend.histories.take(self.split.test_users)

    @cached_property
    def _candidates(self) -> Hits:
        return self._best(self._histories, DEPTH)

    def _best(self, histories: Histories, n: int) -> Hits:
        n, order = min(n, histories.n_items), _model(self.recommender).tie_order

        def block(users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return self.blend.best(histories.take(users), n, order[: histories.n_items])

        found = in_blocks(block, np.arange(len(histories)), histories.n_items)
        items, scores = (np.concatenate(both) for both in zip(*found, strict=True))
        return items, scores

    def _measured(self, rules: VersionRules | None, day: date | None) -> _Measured:
        lists = np.full((len(self.split.test_users), K), NO_ITEM, dtype=np.int32)
        histories, options = self._histories, ListOptions(K)
        users = self.split.train.users.ids(self.split.test_users)
        for place, user in enumerate(users):
            if rules is not None:
                own = histories.take(np.array([place])).items
                in_force = rules.for_list(Asked("user", user, own), day)
                pins = [pin for pin in in_force.pins if pin.row not in own]
                options = replace(options, rules=in_force.with_pins(pins))
            rows, _ = options.choose(self._ranked(place), self.recommender.items)
            lists[place, : len(rows)] = rows
        relevant = self.split.test.relevant
        # Of a product that was never taken nothing can have been held out.
        known = np.where(lists < relevant.shape[1], lists, NO_ITEM)
        hits, n_relevant = metrics.hits(known, relevant), np.diff(relevant.indptr)
        values = {name: metrics.ACCURACY[name](hits, n_relevant) for name in METRICS}
        return _Measured(lists, values)

    def _ranked(self, place: int) -> Ranked:
        def best(n: int) -> Hits:
            items, scores = self._candidates[0][[place]], self._candidates[1][[place]]
            if n > items.shape[1]:
                items, scores = self._best(self._histories.take(np.array([place])), n)
            there = items[0, :n] != NO_ITEM
            return items[0, :n][there].astype(np.int64), scores[0, :n][there]

        return Ranked(best, np.empty(0, dtype=bool))

    def _segments(self) -> Iterator[tuple[str, str, np.ndarray]]:
        lengths = self.split.history_length
        yield "all", "everybody", np.ones(len(lengths), dtype=bool)
        for name, (low, high) in HISTORY_LENGTHS.items():
            members = (lengths >= low) & (lengths <= high)
            if members.any():
                yield "history", f"{name} items" if name != "1" else "1 item", members
        yield from self._likes()

    def _likes(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """Users with an item of one of the most liked categories."""
        seen = self.split.train.user_items()[self.split.test_users]
        seen.data[:] = 1
        liked = {}
        for name, rows in self.recommender.items.facet_index.rows(CATEGORIES).items():
            mine = rows[rows < seen.shape[1]]
            liked[name] = np.asarray(seen[:, mine].sum(axis=1)).ravel() > 0
        most = sorted(liked, key=lambda name: -liked[name].sum())
        telling = [name for name in most if 0 < liked[name].mean() < _COMMON]
        for name in telling[:_CATEGORIES]:
            yield "likes", name, liked[name]

    def _compared(
        self, facts: Mapping[str, str], before: _Measured, after: _Measured, members: np.ndarray
    ) -> dict[str, Any]:
        row: dict[str, Any] = {**facts, "users": int(members.sum())}
        for name in METRICS:
            without, own = before.values[name][members], after.values[name][members]
            found = paired_comparison(own, without, seed=self.seed)
            row |= {
                f"{name}@{K} without": float(without.mean()),
                f"{name}@{K} with": float(own.mean()),
                f"{name}@{K} difference": found.mean,
                f"{name}@{K} low": found.low,
                f"{name}@{K} high": found.high,
            }
            if name == METRICS[0]:
                verdict = found.verdict
        n_items = len(self.recommender.items)
        row["verdict"] = verdict
        for name, measured in (("without", before), ("with", after)):
            row[f"coverage@{K} {name}"] = coverage(measured.lists[members], n_items)
        return row

    def _of_rule(self, kind: str, name: str, every: _Measured, others: _Measured) -> dict[str, Any]:
        metric = METRICS[0]
        found = paired_comparison(every.values[metric], others.values[metric], seed=self.seed)
        n_items = len(self.recommender.items)
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


@dataclass(frozen=True)
class _Measured:
    """Lists, int32 (users, K), and the metrics of each."""

    lists: np.ndarray
    values: dict[str, np.ndarray]


def _model(recommender: Recommender) -> BlendModel:
    assert recommender.blend is not None
    return recommender.blend


def _parameters(dataset: Dataset, version: str) -> EvaluateParameters:
    """Those that the version was evaluated with, where the record of its run is kept."""
    record = outputs_root(dataset.root) / version / "run.json"
    given = read_json(record)["parameters"].get("evaluate", {}) if record.is_file() else {}
    known = {name: given[name] for name in EvaluateParameters.model_fields if name in given}
    return EvaluateParameters.model_validate(known)
