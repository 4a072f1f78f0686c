"""The files of ``recsys features``: what they hold, and what the generated Python says."""

import ast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from recsys_lib import features
from recsys_lib.als import AlsModel
from recsys_lib.cli import main
from recsys_lib.columns import Features, Products
from recsys_lib.data.database import read_products
from recsys_lib.errors import NotTrainedError
from recsys_lib.features.history import BEGIN
from recsys_lib.features.repository import definitions, store_yaml
from recsys_lib.features.vectors import version_time
from recsys_lib.paths import Dataset
from recsys_lib.search import ProductSearch


@pytest.fixture(scope="module")
def written(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("features")
    (out / "mine.txt").touch()
    paths = features.write_features(shop, out=out)
    assert {*paths, out / "mine.txt"} == {*out.iterdir()}
    return out


def of_version(path, entity):
    """Ids and rows from the time of the version on; those before have nothing."""
    table = pl.read_parquet(path)
    before, since = table.partition_by(Features.TIME, maintain_order=True)
    assert before[Features.TIME][0] == BEGIN
    assert before.drop(entity, Features.TIME).null_count().row(0) == (len(before),) * (
        table.width - 2
    )
    assert before[entity].equals(since[entity])
    return since


def test_every_user_has_the_vector_that_the_version_answers_with(written, shop):
    als = AlsModel.load(shop.version("v1") / "als")
    found = of_version(written / features.USER_VECTORS, Features.USER)
    assert found[Features.USER].equals(als.users.series(), check_names=False)
    assert found[Features.TIME][0] == version_time(shop.version("v1"))
    for row in (0, len(found) - 1):
        np.testing.assert_allclose(
            found[Features.FACTORS][row], als.user_vector(row), rtol=1e-3, atol=1e-5
        )


def test_every_product_has_its_price_and_its_vectors(written, shop):
    als = AlsModel.load(shop.version("v1") / "als")
    search = ProductSearch.load(shop.version("v1") / "search")
    products = read_products(shop.database)
    found = of_version(written / features.ITEM_VECTORS, Features.ITEM)
    prices = dict(products.select(Products.ITEM, Products.PRICE).iter_rows())
    ids = found[Features.ITEM].to_list()
    assert ids == sorted({*prices, *als.items.ids()})
    assert found[Features.PRICE].to_list() == [prices.get(item) for item in ids]
    for known, name, vectors in (
        (als.items, Features.FACTORS, als.model.item_factors),
        (search.items, Features.TEXT, search.embeddings),
    ):
        rows = known.rows(ids, missing="negative")
        assert (found[name].is_null().to_numpy() == (rows < 0)).all()
        row = int(np.flatnonzero(rows >= 0)[-1])
        assert found[name][row].to_list() == vectors[rows[row]].tolist()


def test_the_last_row_knows_all_interactions(written, shop_interactions):
    for name, entity, rows in (
        (features.USERS, Features.USER, shop_interactions.user),
        (features.ITEMS, Features.ITEM, shop_interactions.item),
    ):
        table = pl.read_parquet(written / name)
        newest = table.group_by(entity, maintain_order=True).last()
        assert newest[Features.N_INTERACTIONS].to_list() == np.bincount(rows).tolist()


def test_files_have_types_that_every_reader_knows(written):
    assert pq.read_schema(written / features.USERS).types == [
        pa.string(),
        pa.timestamp("ms", "UTC"),
        pa.int64(),
        pa.int64(),
        pa.float64(),
        pa.timestamp("ms", "UTC"),
        pa.string(),
    ]
    assert pq.read_schema(written / features.ITEM_VECTORS).types[2:] == [
        pa.float64(),
        *[pa.list_(pa.float32())] * 2,
    ]


def test_names_are_quoted_in_the_definitions():
    hostile = 'shop"""\nimport os\\'
    schema = pa.schema([("user_id", pa.string()), ("it's", pa.int64())])
    text = definitions(hostile, "v'1", {"users.parquet": schema})
    tree = ast.parse(text)
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert imported == ["datetime", "feast", "feast.types"]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    (tags,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "TAGS"
    )
    assert ast.literal_eval(tags) == {"dataset": hostile, "version": "v'1"}
    assert 'Field(name="it\'s", dtype=Int64)' in text
    assert yaml.safe_load(store_yaml("My-Shop 2"))["project"] == "recsys_My_Shop_2"


def test_without_a_version_the_command_to_run_is_said(workspace):
    with pytest.raises(NotTrainedError, match=r"run_pipeline\.py"):
        features.write_features(Dataset.find("shop"))


def test_the_command_says_what_it_wrote(shop, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RECSYS_HOME", str(shop.root))
    call = ["features", "--dataset", shop.name, "--version", "v1", "--out", str(tmp_path)]
    assert main([*call, "--every", "365"]) == 0
    assert f"{tmp_path / features.USERS}\n" in capsys.readouterr().out
    users = pl.read_parquet(tmp_path / features.USERS)
    days = users[Features.TIME].unique().sort().to_physical() / 86_400_000
    assert (days[1:-1] % 365 == 0).all()
    with pytest.raises(SystemExit, match="2"):
        main([*call, "--every", "0"])
    assert "'0' is no number of days" in capsys.readouterr().err
