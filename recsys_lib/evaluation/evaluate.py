"""Compare models on the same users, items and lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from recsys_lib.errors import InputDataError
from recsys_lib.evaluation import metrics
from recsys_lib.evaluation.rank import rank_until
from recsys_lib.evaluation.results import measure
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.files import replacing_folder, write_json
from recsys_lib.ranking import Scorer
from recsys_lib.registry.parts import PER_USER_FILE
from recsys_lib.significance import bootstrap_interval, holm, paired_test, verdict

SERVED = "served"
"""The metrics of the model that will be served are recorded under this name, too."""


@dataclass(frozen=True)
class Evaluation:
    """The results of all compared models.

    Parameters
    ----------
    split: what was held out.
    lists: for each model int32 of shape (test users, longest k), best first.
    results: one row for each model, metric and k: ``model, metric, k, value, low, high, ci95``;
        low and high bound the 95 % bootstrap interval of the mean over users, ci95 is half its
        width; null for what is no mean over users.
    seconds: for each model the time to score and rank all test users.
    served: the model that will be served.
    seed: of the intervals and tests.
    n_users: test users that there are; those of ``split`` are fewer where they were enough.
    half_width: of the paired interval between the served model and the best other one in nDCG@10,
        when no more users were added; NaN where all were taken.
    """

    split: TrainTest
    lists: dict[str, np.ndarray]
    results: pl.DataFrame
    seconds: dict[str, float]
    served: str
    seed: int
    n_users: int = 0
    half_width: float = math.nan

    @property
    def models(self) -> list[str]:
        """Their names, in the given order."""
        return list(self.lists)

    @cached_property
    def n_relevant(self) -> np.ndarray:
        """Held-out interactions of each test user."""
        return np.diff(self.split.test.relevant.indptr)

    def value(self, model: str, metric: str, k: int) -> float:
        """One number of the results."""
        rows = self.results.filter(model=model, metric=metric, k=k)
        return float(rows["value"].item())

    def ranked_models(self, metric: str, k: int) -> list[str]:
        """The models by a metric, the best first."""
        return sorted(self.models, key=lambda model: -self.value(model, metric, k))

    def per_user(self, model: str, metric: str, k: int) -> np.ndarray:
        """The metric of each test user, shape (test users,)."""
        hits = metrics.hits(self.lists[model][:, :k], self.split.test.relevant)
        return metrics.ACCURACY[metric](hits, self.n_relevant)

    def found(self, model: str, k: int) -> np.ndarray:
        """Whether each held-out interaction is in its user's list, bool."""
        lists = self.lists[model][self.split.test.row, :k]
        return np.asarray((lists == self.split.test.interactions.item[:, None]).any(axis=1))

    def differences(self, metric: str, k: int, reference: str | None = None) -> pl.DataFrame:
        """Test ``reference``, by default the served model, against every other, paired by user.

        Columns: model, difference (reference - model), low, high (95 % bootstrap interval), p
        (with Holm's correction for the number of models), verdict: whether the reference is better,
        worse, or within noise.
        """
        reference = reference or self.served
        others = [model for model in self.models if model != reference]
        mine = self.per_user(reference, metric, k)
        gaps = np.column_stack([mine - self.per_user(model, metric, k) for model in others])
        low, high = bootstrap_interval(gaps, seed=self.seed)
        p = holm(np.array([paired_test(gap, seed=self.seed) for gap in gaps.T]))
        means = gaps.mean(axis=0)
        columns = {"model": others, "difference": means, "low": low, "high": high, "p": p}
        verdicts = [verdict(*pair) for pair in zip(means, p, strict=True)]
        return pl.DataFrame({**columns, "verdict": verdicts})

    def metrics(self) -> dict[str, float]:
        """Flat names, such as ``als.recall@10``, and ``als.recall@10.ci95``."""
        flat: dict[str, float] = {"evaluate.users": len(self.split.test_users)}
        for row in self.results.iter_rows(named=True):
            names = [row["model"], *([SERVED] if row["model"] == self.served else [])]
            for name in (f"{model}.{row['metric']}@{row['k']}" for model in names):
                flat[name] = row["value"]
                if row["ci95"] is not None:
                    flat[f"{name}.ci95"] = row["ci95"]
        return flat

    def save(self, folder: Path, facts: Mapping[str, object] | None = None) -> None:
        """Write metrics.json (with ``facts``), results.parquet and per_user.parquet."""
        with replacing_folder(folder) as temporary:
            self.results.write_parquet(temporary / "results.parquet")
            self.per_user_table().write_parquet(temporary / PER_USER_FILE)
            content = {"metrics": self.metrics(), "served": self.served, **(facts or {})}
            write_json(temporary / "metrics.json", content)

    def per_user_table(self) -> pl.DataFrame:
        """The served model's values for each user, which a later version is compared with.

        Columns: user, held_out (ids of the items), and recall and nDCG at each k.
        """
        held_out, train = self.split.test, self.split.train
        items = pl.Series(train.items.ids(held_out.interactions.item), dtype=pl.String)
        answers = pl.DataFrame({"row": held_out.row, "item": items}).sort("row", "item")
        joined = answers.group_by("row", maintain_order=True).agg(pl.col("item").str.join("\n"))
        values = {
            f"{metric}@{k}": self.per_user(self.served, metric, k)
            for metric in ("recall", "ndcg")
            for k in self.results["k"].unique().sort()
        }
        users = pl.Series(train.users.ids(held_out.users), dtype=pl.String)
        return pl.DataFrame({"user": users, "held_out": joined["item"], **values})


def evaluate(
    models: Mapping[str, Scorer],
    split: TrainTest,
    k_values: Sequence[int],
    *,
    seed: int,
    embeddings: np.ndarray | None = None,
    served: str | None = None,
    precision: float = 0.0,
) -> Evaluation:
    """Rank every item for the test users, without the items of their training history.

    Parameters
    ----------
    models
        The models by name.
    split
        Its test part is predicted; the models have seen its training part at most.
    k_values
        Lengths of the lists to measure; a repeated one counts once.
    seed
        Of the tie order, the intervals and the tests.
    embeddings
        Texts of the items, shape (items, dimension), for the diversity of lists.
    served
        The model that will be served; the first by default.
    precision
        Users are added at random until the 95 % interval of the paired difference between the
        served model and the best other one, in nDCG@10, is at most this wide to either side; 0
        takes all users.

    Returns
    -------
    The lists, metrics with intervals, and times of all models.

    Raises
    ------
    InputDataError
        When no user has held-out interactions.
    ScoreError
        When a model gives scores that cannot be ranked.

    Examples
    --------
    >>> from recsys_lib.data.interactions import Interactions
    >>> from recsys_lib.evaluation import MostPopular, leave_last_out
    >>> from recsys_lib.ids import IdMap
    >>> users, items = IdMap(["u", "v"]), IdMap(["a", "b", "c"])
    >>> user, item = np.array([0, 0, 1, 1], np.int32), np.array([1, 0, 2, 1], np.int32)
    >>> data = Interactions(users, items, user, item, np.ones(4, np.float32), np.arange(4))
    >>> split = leave_last_out(data)
    >>> found = evaluate({"popular": MostPopular(split.train.user_items())}, split, [1], seed=0)
    >>> found.value("popular", "recall", 1)
    0.5
    """
    if not len(split.test_users):
        raise InputDataError(
            "no user has two interactions, so nothing can be held out: "
            "leave the evaluation out with --steps etl,als,embed"
        )
    served = served or next(iter(models))
    ranked = rank_until(models, split, max(k_values), seed=seed, served=served, precision=precision)
    results = measure(ranked.lists, ranked.split, sorted(set(k_values)), embeddings, seed=seed)
    return Evaluation(
        ranked.split,
        ranked.lists,
        results,
        ranked.seconds,
        served,
        seed,
        n_users=len(split.test_users),
        half_width=ranked.half_width,
    )
