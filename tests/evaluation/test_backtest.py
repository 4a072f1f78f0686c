"""A back-test as a table: what it counts, and for which events."""

import numpy as np
import polars as pl
import pytest

from recsys_lib.blend import Parts
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation import back_test_table
from recsys_lib.ids import IdMap
from recsys_lib.parameters import AlsParameters, EvaluateParameters

YEAR, DAY = 1_577_836_800_000, 86_400_000
PARTS = Parts(AlsParameters(factors=2, iterations=2, num_threads=1), pl.DataFrame(), None)
N_USERS, N_ITEMS = 30, 10


def shop():
    """Thirty users who take one item a day for ten days: a view, or every other day a purchase."""
    generator = np.random.default_rng(0)
    user = np.repeat(np.arange(N_USERS, dtype=np.int32), N_ITEMS)
    item = np.concatenate([generator.permutation(N_ITEMS) for _ in range(N_USERS)])
    day = np.tile(np.arange(N_ITEMS), N_USERS)
    users, items = IdMap(map(str, range(N_USERS))), IdMap(map(str, range(N_ITEMS)))
    return Interactions(
        users,
        items,
        user,
        item.astype(np.int32),
        np.ones(len(user), np.float32),
        YEAR + DAY * day + user,
        events=np.where(day % 2, 1, 2).astype(np.uint32),
        event_types=("purchase", "view"),
    )


@pytest.mark.parametrize(("events", "held_out"), [([], 60), (["purchase"], 30)])
def test_each_row_tells_days_users_and_what_was_held_out(events, held_out):
    """Two tests on two days each; with target events only purchases have to be predicted."""
    parameters = EvaluateParameters(
        split="rolling", cuts=2, share=0.2, target_events=events, sequence="off"
    )
    table = back_test_table(shop(), PARTS, parameters, 3)
    served = table.filter(model="served")
    assert served["held out"].to_list() == [held_out, held_out]
    assert served["users"].to_list() == [N_USERS, N_USERS]
    assert served["until"].to_list() == ["2020-01-08", "2020-01-10"]
    assert set(table["model"]) == {"served", "popular", "recent"}
    assert served["served"].to_list() == ["als", "als"]
    assert (served["low"] <= served["ndcg@3"]).all()
    assert (served["ndcg@3"] <= served["high"]).all()
