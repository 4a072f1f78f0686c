import json

import numpy as np
import polars as pl
import pytest

from recsys_lib.als import train_als
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import InputDataError
from recsys_lib.evaluation import (
    Factors,
    MostPopular,
    Random,
    TrainTest,
    evaluate,
    leave_last_out,
    plots,
)
from recsys_lib.evaluation.examples import example_users, in_words, results_table
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, EtlParameters
from recsys_lib.paths import Dataset

N = 20


class Oracle:
    """Knows what is held out."""

    def __init__(self, split):
        self.answer = dict(zip(split.test_users, split.test_items, strict=True))
        self.n_items = len(split.train.items)

    def scores(self, users):
        scores = np.zeros((len(users), self.n_items), dtype=np.float32)
        scores[np.arange(len(users)), [self.answer[user] for user in users]] = 1
        return scores


@pytest.fixture(scope="module")
def split():
    generator = np.random.default_rng(0)
    items = np.concatenate([generator.permutation(N)[: 2 + u % 12] for u in range(N)])
    user = np.repeat(np.arange(N), [2 + u % 12 for u in range(N)])
    names = IdMap(map(str, range(N)))
    time = np.arange(len(user))
    ones = np.ones(len(user), np.float32)
    return leave_last_out(
        Interactions(names, names, user.astype(np.int32), items.astype(np.int32), ones, time)
    )


@pytest.fixture(scope="module")
def evaluation(split):
    user_items = split.train.user_items()
    models = {"als": Oracle(split), "popular": MostPopular(user_items), "random": Random(N, 0)}
    return evaluate(models, split, [1, 10], seed=0)


def test_who_knows_the_answer_gets_full_marks(evaluation):
    for metric in ("recall", "ndcg", "map"):
        assert evaluation.value("als", metric, 1) == 1.0
    assert evaluation.hits("als")[:, 0].all()


def test_chance_is_chance(split):
    """Of the items left to rank, k are in the list."""
    left = N - np.bincount(split.train.user, minlength=N)[split.test_users]
    values = [
        evaluate({"r": Random(N, seed)}, split, [5], seed=0).value("r", "recall", 5)
        for seed in range(60)
    ]
    assert np.mean(values) == pytest.approx((5 / left).mean(), rel=0.1)


def test_the_interval_is_that_of_a_mean(evaluation, split):
    row = evaluation.results.filter(model="popular", metric="recall", k=10).row(0, named=True)
    p, n = row["value"], len(split.test_users)
    assert row["ci95"] == pytest.approx(1.96 * np.sqrt(p * (1 - p) / n))


def test_flat_metrics_are_saved(evaluation, tmp_path):
    evaluation.save(tmp_path / "evaluation")
    stored = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())["metrics"]
    assert stored["als.recall@10"] == 1.0
    assert stored["evaluate.users"] == N
    assert {f"{m}.coverage@10" for m in ("als", "popular", "random")} <= set(stored)
    assert len(pl.read_parquet(tmp_path / "evaluation" / "results.parquet")) == 3 * 2 * 4


def test_cold_items_stay_in_the_denominator(split):
    """A model cannot be credited for what it could not know."""
    cold = TrainTest(
        split.train.select(split.train.item != split.test_items[0]),
        split.test_users[:1],
        split.test_items[:1],
        n_single=0,
        n_cold=1,
    )
    popular = MostPopular(cold.train.user_items())
    assert evaluate({"p": popular}, cold, [1], seed=0).value("p", "recall", 1) == 0


def test_nobody_to_test_is_said_and_not_averaged(split):
    nobody = TrainTest(split.train, split.test_users[:0], split.test_items[:0], N, 0)
    with pytest.raises(InputDataError, match="no user has two interactions"):
        evaluate({"r": Random(N, 0)}, nobody, [5], seed=0)


def test_a_k_given_twice_counts_once(split):
    evaluation = evaluate({"r": Random(N, 0)}, split, [5, 1, 5], seed=0)
    assert evaluation.results.filter(metric="recall")["k"].to_list() == [1, 5]


def test_more_models_than_colours_are_all_drawn(split):
    many = evaluate({f"r{seed}": Random(N, seed) for seed in range(8)}, split, [5], seed=0)
    assert [len(axes.containers) for axes in plots.accuracy_curves(many).axes] == [8, 8]
    assert len(plots.accuracy_against_coverage(many, 5).axes[0].collections) == 8
    assert len(plots.recall_by_history(many, 5).axes[0].containers) == 8


def test_plots_show_every_model(evaluation):
    for axes in plots.accuracy_curves(evaluation).axes:
        assert len(axes.containers) == 3
    assert len(plots.accuracy_against_coverage(evaluation, 10).axes[0].collections) == 3
    segments = plots.history_segments(evaluation, 10)
    per_model = segments.group_by("model").agg(pl.col("users").sum())["users"]
    assert per_model.to_list() == [N] * 3
    assert len(plots.recall_by_history(evaluation, 10).axes[0].containers) == 3


def test_tables_for_people(evaluation):
    names = pl.Series([f"item {i}" for i in range(N)])
    table = example_users(evaluation, "als", names, 5, seed=1)
    assert table["place"].to_list() == ["1"] * 5
    assert results_table(evaluation, 10)["recall@10"][0] == "1.0000 ± 0.0000"


class Never:
    """Puts what is held out last."""

    def __init__(self, split):
        self.oracle = Oracle(split)

    def scores(self, users):
        return -self.oracle.scores(users)


def test_the_sentence_is_computed(split):
    knows, never = Oracle(split), Never(split)
    both = evaluate({"als": knows, "popular": knows}, split, [1], seed=0)
    assert in_words(both, 1) == (
        "ALS finds the held-out product in its top 1 for 100.0% of the users, "
        "1.0 times as often as most-popular (100.0%)."
    )
    one = evaluate({"als": knows, "popular": never}, split, [1], seed=0)
    assert in_words(one, 1).endswith("100.0% of the users, most-popular for none.")


@pytest.mark.slow
@pytest.mark.realdata
def test_known_results_on_games(workspace, real_data):
    """Known from other runs: recall and nDCG of ALS 0.0990, 0.0557; popular 0.0124, 0.0065."""
    ratings = load_dataset(Dataset.find(real_data / "amazon2018_games"), EtlParameters()).ratings
    split = leave_last_out(ratings.interactions())
    user_items = split.train.user_items()
    trained = train_als(split.train, AlsParameters())
    models = {
        "als": Factors(trained.user_factors, trained.item_factors),
        "popular": MostPopular(user_items),
    }
    evaluation = evaluate(models, split, [10], seed=0)
    assert len(split.test_users) == 50_546
    assert 0.095 <= evaluation.value("als", "recall", 10) <= 0.102
    assert 0.053 <= evaluation.value("als", "ndcg", 10) <= 0.058
    assert 0.0118 <= evaluation.value("popular", "recall", 10) <= 0.0130
    assert 0.0062 <= evaluation.value("popular", "ndcg", 10) <= 0.0068
