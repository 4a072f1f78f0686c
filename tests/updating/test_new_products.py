"""New products are found by search, and recommended by their text, right after an update."""

import json
import shutil

import pytest

from recsys_lib import Recommender
from recsys_lib.paths import Dataset
from recsys_lib.updating import update

pytestmark = pytest.mark.slow  # indexes a catalogue


def test_a_new_product_is_found_and_recommended(shop, tmp_path):
    shutil.copytree(shop.root, tmp_path / "copy")
    dataset = Dataset.find(shop.name, tmp_path / "copy")
    before = Recommender.load(dataset=dataset)
    known = before.items.ids.ids([0])[0]
    title = "Quiet Zebra Kettle Descaler"
    products = tmp_path / "products.jsonl"
    products.write_text(
        json.dumps({"parent_asin": "NEW", "title": title, "store": "Acme"})
        + "\n"
        + json.dumps({"parent_asin": known, "title": "Another title"})
        + "\n"
    )
    found = update(dataset, products=products)
    assert found.applied.new_products == ["NEW"]
    assert found.known_products == 1
    now = Recommender.load(dataset=dataset)
    assert now.search(title, 3)["item_id"].iloc[0] == "NEW"
    assert now.similar_items("NEW", 3)["source"].iloc[0] == "semantic"
    assert "NEW" not in before.items.ids
