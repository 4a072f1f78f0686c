"""Published datasets, from their files to recommendations by configuration alone."""

import pytest
import yaml

from recsys_lib import Recommender
from recsys_lib.paths import Dataset
from tests.support.pipeline_runs import latest, run_pipeline


@pytest.mark.slow
@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "config", "recall"),
    [
        ("amazon2018_gift_cards", {}, 0.10),
        ("amazon2023_all_beauty", {}, 0.05),
        (
            "amazon2018_games",
            {
                "source": "tables",
                "reviews": "interactions.csv.gz",
                "products": "items.csv.gz",
                "columns": {
                    "user_id": "user_id",
                    "parent_asin": "item_id",
                    "timestamp": "position",
                },
                "product_columns": {"parent_asin": "item_id", "title": "title"},
            },
            0.095,
        ),
    ],
)
def test_real_data_by_configuration_alone(workspace, real_data, folder, config, recall):
    values = {
        "dataset": str(real_data / folder),
        "etl": config,
        "embed": {"max_tokens": 16},
        "evaluate": {"sequence": "off"},  # minutes of training that say nothing about configuration
    }
    (workspace / "run.yaml").write_text(yaml.safe_dump(values))
    done = run_pipeline(workspace, "--config", "run.yaml")
    assert done.returncode == 0, done.stderr
    record = latest(workspace)
    assert [step["status"] for step in record["steps"]] == ["executed"] * 4
    assert record["metrics"]["als.recall@10"] >= recall
    recommender = Recommender.load(dataset=Dataset.find(real_data / folder).name)
    item = recommender.example_items(1)[0]
    assert len(recommender.similar_items(item, 5)) == 5
    assert recommender.search("gift", 3)["title"].notna().all()
