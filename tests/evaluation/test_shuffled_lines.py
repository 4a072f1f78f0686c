"""The order of the lines of a file is no information: it changes no metric and no list."""

import numpy as np
import polars as pl
import pytest

from recsys_lib.blend import Parts, train_blend
from recsys_lib.data.etl import load_dataset
from recsys_lib.evaluation import evaluate, models_to_compare, split_by
from recsys_lib.parameters import AlsParameters, EtlParameters, EvaluateParameters
from recsys_lib.paths import Dataset
from recsys_lib.ranking import top_k

PARTS = Parts(AlsParameters(factors=4, iterations=3, num_threads=1), pl.DataFrame(), None)
DAY = 86_400_000


def lines():
    """Eighty users of two tastes, who take eight of thirty items within four days."""
    generator = np.random.default_rng(0)
    return [
        f"u{user},i{item},{generator.integers(1, 6)},{1_600_000_000_000 + DAY * day}"
        for user in range(80)
        for item, day in zip(
            generator.choice(np.arange(user % 2, 30, 2), 8, replace=False),
            generator.integers(0, 4, 8),
            strict=True,
        )
    ]


def results(root, rows, parameters):
    """The metrics of all models, and the lists of each by the ids of users and items."""
    folder = root / "shop"
    folder.mkdir(parents=True)
    text = "\n".join(["user_id,item_id,rating,timestamp", *rows])
    (folder / "interactions.csv").write_text(text + "\n")
    loaded = load_dataset(Dataset.find(folder, root), EtlParameters())
    split = split_by(loaded.ratings.interactions(), parameters)
    trained = train_blend(split, PARTS, seed=parameters.seed)
    models = models_to_compare(split, trained, PARTS, parameters)
    found = evaluate(models, split, [5], seed=parameters.seed)
    users, items = split.train.users.ids(split.test_users), split.train.items
    lists = {
        name: [
            (user, items.ids(row).tolist())
            for user, row in zip(
                users,
                top_k(model, split.test_users, split.train.user_items(), 5, seed=0),
                strict=True,
            )
        ]
        for name, model in models.items()
    }
    return found.results, sorted(trained.learned.validation.items()), lists


@pytest.mark.slow
@pytest.mark.parametrize("rule", [{"last": "item"}, {"last": "basket"}, {"split": "random"}])
def test_shuffled_lines_change_no_metric_and_no_list(tmp_path, rule):
    parameters = EvaluateParameters(k_values=[5], sequence="off", **rule)
    rows = lines()
    shuffled = np.random.default_rng(1).permutation(rows).tolist()
    as_given, other = (
        results(tmp_path / name, lines, parameters)
        for name, lines in (("as-given", rows), ("shuffled", shuffled))
    )
    assert len(as_given[2]["blend"]) == 80
    assert as_given[0].equals(other[0])
    assert as_given[1:] == other[1:]
