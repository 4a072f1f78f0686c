import numpy as np
import polars as pl
import pytest

from recsys_lib.registry.gate import compare_versions, judge

N = 400


def users(values, start=0, metric="ndcg@10"):
    numbers = range(start, start + len(values))
    return pl.DataFrame(
        {"user": [f"u{n}" for n in numbers], "held_out": "i", metric: np.asarray(values, float)}
    )


@pytest.fixture
def values():
    return (np.random.default_rng(0).random(N) < 0.3).astype(float)


def test_the_same_values_are_the_same(values):
    verdict = judge(users(values), users(values), "v1")
    assert (verdict.judgement, verdict.users, verdict.difference) == ("same", N, 0)
    assert "as good as v1, which is served" in str(verdict)


def test_noise_is_not_a_difference(values):
    other = values.copy()
    other[:6] = 1 - other[:6]
    assert judge(users(other), users(values), "v1").judgement == "same"


def test_better_and_worse_mirror_each_other(values):
    better = np.where(np.arange(N) < 120, np.maximum(values, 0.5), values)
    up, down = judge(users(better), users(values), "v1"), judge(users(values), users(better), "v1")
    assert (up.judgement, down.judgement) == ("better", "worse")
    assert up.difference == -down.difference
    assert up.low > 0 > down.high
    assert "worse than v1" in str(down)
    assert "beyond noise" in str(down)


def test_users_are_matched_by_id_not_by_place(values):
    shuffled = users(values)[np.random.default_rng(1).permutation(N).tolist()]
    assert judge(shuffled, users(values), "v1").difference == 0


def test_only_users_with_the_same_held_out_items_count(values):
    mine = users(values).with_columns(held_out=pl.Series(["j"] * (N - 50) + ["i"] * 50))
    assert judge(mine, users(values), "v1").users == 50


def test_too_few_in_common_is_unknown(values):
    verdict = judge(users(values), users(values, start=N - 5), "v1")
    assert (verdict.judgement, verdict.users) == ("unknown", 5)
    assert "not comparable with v1" in str(verdict)


def test_another_k_is_taken_where_there_is_no_ten(values):
    five = users(values, metric="ndcg@5")
    assert judge(five, five, "v1").metric == "ndcg@5"
    assert judge(five, users(values), "v1").judgement == "unknown"


def test_versions_without_an_evaluation_are_not_compared(tmp_path, values):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "evaluation").mkdir(parents=True)
    users(values).write_parquet(one / "evaluation" / "per_user.parquet")
    assert compare_versions(one, two) is None
    users(values).write_parquet(two / "evaluation" / "per_user.parquet")
    assert compare_versions(one, two).judgement == "same"
    assert compare_versions(one, one) is None
