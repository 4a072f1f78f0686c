"""Three shops as newcomers bring them: files, at most one generated configuration, data loaded."""

import json

import polars as pl
import pytest

from recsys_lib import Recommender
from recsys_lib.cli import main
from recsys_lib.data.checks import watch_for
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.pipeline.settings import read_settings

USERS, PER_USER = 40, 6


def german(folder):
    """CSV with German names, days as 31.12.2024 and ratings as "5,0"."""
    rows = [
        f'K{u};A{i};"{(u + i) % 5 + 1},0";{u % 28 + 1:02}.{i % 12 + 1:02}.2024' for u, i in _pairs()
    ]
    text = "\n".join(["Kunde;Artikel-Nr.;Bewertung;Datum", *rows])
    (folder / "bewertungen.csv").write_text(text, encoding="cp1252")
    lines = [f'A{i};Tee Größe {i};"1.2{i % 10}9,00 €"' for i in range(20)]
    products = "\n".join(["Artikel-Nr.;Bezeichnung;Preis", *lines])
    (folder / "artikel.csv").write_text(products, encoding="cp1252")


def nested(folder):
    """JSON lines of orders, each with a customer and line items inside."""
    orders = [
        {
            "id": u,
            "customer": {"id": f"c{u}", "name": "Ann"},
            "placed": f"2024-{u % 12 + 1:02}-01T10:00:00Z",
            "items": [{"product": {"sku": f"s{i}"}, "qty": 2} for v, i in _pairs() if v == u],
        }
        for u in range(USERS)
    ]
    (folder / "orders.jsonl").write_text("\n".join(map(json.dumps, orders)))
    products = [{"sku": f"s{i}", "name": {"en": f"Tea {i}"}} for i in range(20)]
    (folder / "products.jsonl").write_text("\n".join(map(json.dumps, products)))


def numbers(folder):
    """Parquet of integer ids, without products."""
    users, items = zip(*_pairs(), strict=True)
    times = [1_700_000_000 + n for n in range(len(users))]
    frame = pl.DataFrame({"uid": users, "product": items, "ts": times})
    frame.write_parquet(folder / "purchases.parquet")


def _pairs():
    return [(u, (u * 7 + n * n) % 20) for u in range(USERS) for n in range(PER_USER)]


SHOPS = {german: (240, 20), nested: (240, 20), numbers: (240, 0)}


def generated(shop, tmp_path):
    """The configuration that doctor writes for a shop, checked as a run checks it."""
    folder, plan = tmp_path / "shop", tmp_path / "shop.yaml"
    folder.mkdir()
    shop(folder)
    assert main(["doctor", "data", str(folder), "--write", str(plan)]) == 0
    return plan


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("with_plan", [True, False])
def test_every_line_of_a_newcomer_is_loaded(shop, with_plan, tmp_path, workspace):
    plan = generated(shop, tmp_path)
    dataset = [f"dataset={tmp_path / 'shop'}"]
    settings = read_settings(plan) if with_plan else read_settings(None, dataset)
    loaded = load_dataset(settings.dataset, settings.etl)
    n_interactions, n_products = SHOPS[shop]
    assert loaded.ratings.rejected == []
    kept = len(loaded.ratings.frame) + loaded.ratings.n_superseded
    assert kept + loaded.ratings.n_exact_duplicates == n_interactions
    assert loaded.inputs.has_times
    assert len(loaded.catalogue.frame) == n_products
    if shop is german:
        assert loaded.ratings.frame["rating"].max() == 5
        assert loaded.catalogue.frame["title"].str.starts_with("Tee Größe").all()
        assert loaded.catalogue.frame["price"].min() == 1209
    if shop is nested:
        assert loaded.ratings.interactions().count.min() == 2
        assert "Tea 3" in loaded.catalogue.frame["title"]


def test_a_catalogue_alone_is_stored(tmp_path, workspace):
    catalogue(tmp_path / "shop")
    settings = read_settings(None, [f"dataset={tmp_path / 'shop'}"])
    loaded = load_dataset(settings.dataset, settings.etl)
    counts = store_dataset(loaded)["counts"]
    assert (counts["lines"], counts["interactions"], counts["products"]) == (0, 0, 30)
    assert "There are no interactions" in watch_for(loaded)[0]


def catalogue(folder):
    """Products, and no interactions."""
    folder.mkdir()
    lines = [f"p{i},Tea {i},A fine tea number {i}" for i in range(30)]
    (folder / "products.csv").write_text("\n".join(["sku,name,description", *lines]))


SMALL = ("embed.max_tokens=16", "evaluate.search_queries=5", "als.iterations=5")


@pytest.mark.slow  # four notebooks each
@pytest.mark.parametrize("shop", SHOPS)
def test_a_newcomer_gets_recommendations(shop, tmp_path, workspace):
    plan = generated(shop, tmp_path)
    assert main(["run", "--config", str(plan), *_set(SMALL)]) == 0
    recommender = Recommender.load(dataset=str(tmp_path / "shop"))
    user = recommender.example_users(1)[0]
    assert len(recommender.recommend(user)) > 0


@pytest.mark.slow  # two notebooks
def test_a_catalogue_alone_is_searched(tmp_path, workspace):
    catalogue(tmp_path / "shop")
    dataset = f"dataset={tmp_path / 'shop'}"
    assert main(["run", *_set([dataset, "embed.max_tokens=16"])]) == 0
    found = Recommender.load(dataset=str(tmp_path / "shop")).search("tea 7")
    assert found["title"].iloc[0] == "Tea 7"


def _set(assignments):
    return [word for assignment in assignments for word in ("--set", assignment)]
