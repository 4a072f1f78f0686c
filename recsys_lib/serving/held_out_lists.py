"""Lists of users some of whose interactions were held out, with rules and without.

They are from the served model, trained without what was held out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np

from recsys_lib.blend import Blend, BlendModel, Histories, Parts
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ArtifactError, NotTrainedError
from recsys_lib.evaluation import TrainTest, metrics, split_by
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

K = 10
METRICS = ("ndcg", "recall")
_CATEGORIES = 5  # segments of users who like one
_COMMON = 0.9  # a category that so many users like says nothing


@dataclass(frozen=True)
class Measured:
    """Lists, int32 (users, K), and the metrics of each."""

    lists: np.ndarray
    values: dict[str, np.ndarray]


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

    def measured(self, rules: VersionRules | None, day: date | None = None) -> Measured:
        """The lists with rules, or without; ``day`` is when, today by default."""
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
        return Measured(lists, values)

    def _ranked(self, place: int) -> Ranked:
        def best(n: int) -> Hits:
            items, scores = self._candidates[0][[place]], self._candidates[1][[place]]
            if n > items.shape[1]:
                items, scores = self._best(self._histories.take(np.array([place])), n)
            there = items[0, :n] != NO_ITEM
            return items[0, :n][there].astype(np.int64), scores[0, :n][there]

        return Ranked(best, np.empty(0, dtype=bool))

    def segments(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """What the users are grouped by, the name of the group, and a bool mask over them."""
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


def _model(recommender: Recommender) -> BlendModel:
    assert recommender.blend is not None
    return recommender.blend


def _parameters(dataset: Dataset, version: str) -> EvaluateParameters:
    """Those that the version was evaluated with, where the record of its run is kept."""
    record = outputs_root(dataset.root) / version / "run.json"
    given = read_json(record)["parameters"].get("evaluate", {}) if record.is_file() else {}
    known = {name: given[name] for name in EvaluateParameters.model_fields if name in given}
    return EvaluateParameters.model_validate(known)
