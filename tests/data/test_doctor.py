"""What is made of somebody's files, before they are loaded."""

import json

import pytest
import yaml

from recsys_lib.cli import main
from recsys_lib.data.checks import watch_for
from recsys_lib.data.doctor import inspect
from recsys_lib.data.etl import load_dataset
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset


def test_known_files_need_no_configuration(tmp_path):
    review = {"reviewerID": "u", "asin": "a", "overall": 5.0, "unixReviewTime": 1_600_000_000}
    (tmp_path / "reviews.jsonl").write_text(json.dumps(review) + "\nbroken\n")
    (tmp_path / "meta.jsonl").write_text('{"asin": "a", "title": "<b>A</b>", "price": "$1.50"}\n')
    finding = inspect(tmp_path)
    assert (finding.inputs.layout, finding.unit, finding.is_complete) == ("amazon2018", "s", True)
    assert finding.parameters["source"] == "amazon2018"
    assert finding.parameters["reviews"] == "reviews.jsonl"
    assert finding.ratings.row(0)[:4] == ("u", "a", 5.0, 1_600_000_000_000)
    assert finding.products.row(0) == ("a", "A", None, 1.5)
    assert [bad.line for bad in finding.rejected] == [2]
    reviews = finding.files[0]
    assert (reviews.kind, reviews.encoding, reviews.rows) == ("jsonl", "utf-8", 2)
    assert [(c.name, c.meaning) for c in reviews.columns][2:] == [
        ("overall", "rating"),
        ("unixReviewTime", "timestamp"),
    ]


def test_a_mapping_is_proposed_that_loads(tmp_path, capsys):
    path = tmp_path / "orders.csv"
    path.write_text("order_no,customer,sku,ordered_at\n7,c1,s1,2020-01-01\n")
    assert main(["doctor", str(path)]) == 0
    out = capsys.readouterr().out
    assert main(["doctor", "data", str(path)]) == 0
    assert capsys.readouterr().out == out
    assert "layout: tables, times in ms" in out
    proposed = yaml.safe_load(out.partition("--config:")[2])
    assert proposed["etl"]["columns"] == {
        "user_id": "customer",
        "parent_asin": "sku",
        "timestamp": "ordered_at",
    }
    loaded = load_dataset(
        Dataset.find(proposed["dataset"], tmp_path), EtlParameters(**proposed["etl"])
    )
    assert loaded.ratings.frame.row(0)[:2] == ("c1", "s1")


@pytest.mark.parametrize("name", ["data", "my shop", "größer"])
def test_any_folder_may_be_looked_at(tmp_path, capsys, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    (tmp_path / name / "reviews.csv").write_text("user_id,item_id,rating\nu,a,5\n")
    for path in (name, str(tmp_path / name)):
        assert main(["doctor", path]) == 0
        assert f"dataset: {tmp_path / name}" in capsys.readouterr().out


def test_what_cannot_be_told_is_a_question_mark(tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_text("x,y,added\n1,2,2020-01-01\n3,4,2021-01-01\n")
    finding = inspect(tmp_path)
    assert finding.parameters["columns"] == {
        "timestamp": "added",
        "user_id": "?",
        "parent_asin": "?",
    }
    assert isinstance(finding.error, InputDataError)
    assert finding.files[0].columns[0].examples == ("1", "3")
    plan = tmp_path / "shop.yaml"
    assert main(["doctor", "data", str(tmp_path), "--write", str(plan)]) == 3
    assert "with the right value for each ?" in capsys.readouterr().out
    assert main(["doctor", "data", str(tmp_path), "--config", str(plan)]) == 2
    assert "did you mean" not in (said := capsys.readouterr().out)
    assert "user_id is '?', which table.csv does not have: choose from x, y, added" in said
    assert main(["doctor", str(tmp_path / "none")]) == 2
    assert "there is no file or folder" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    (tmp_path / "reviews.csv").write_text("user_id,item_id\nu,a\n")
    (tmp_path / "items.parquet").write_text("no table")
    finding = inspect(tmp_path)
    assert [(file.path.name, file.role) for file in finding.files] == [
        ("reviews.csv", "reviews"),
        ("items.parquet", "products"),
    ]
    assert "not readable as Parquet" in finding.files[1].problem
    assert finding.files[0].columns[0].meaning == "user_id"
    assert "items.parquet: not readable as Parquet" in str(finding.error)


def test_dates_that_nothing_settles_are_a_question(tmp_path):
    (tmp_path / "orders.csv").write_text("customer,sku,date\nu,a,1/2/2010\nv,a,3/4/2011\n")
    finding = inspect(tmp_path)
    assert finding.parameters["timestamp_format"] == "?"
    assert any("day and the month" in problem for problem in finding.problems)


def test_a_file_with_a_header_only(tmp_path):
    (tmp_path / "reviews.csv").write_text("user_id,item_id\n")
    (tmp_path / "products.csv").write_text("id,title\n")
    finding = inspect(tmp_path)
    assert (len(finding.ratings), len(finding.products)) == (0, 0)


def test_what_to_watch_for(workspace):
    folder = workspace / "data/raw/shop"
    folder.mkdir(parents=True)
    lines = [f"u{i},{'hit' if i < 80 else f'i{i}'},2020-01-01" for i in range(100)]
    (folder / "reviews.csv").write_text("\n".join(["user_id,item_id,timestamp", *lines]))
    said = " ".join(watch_for(load_dataset(Dataset.find("shop"), EtlParameters())))
    assert "100% of the users have a single rating" in said
    assert "1% of the items have 80% of the ratings" in said
    assert "95% of the items have fewer than 5" in said
    assert "100% of the ratings are from one day" in said
    assert "There are no products" in said


def test_nothing_to_watch_for(workspace):
    folder = workspace / "data/raw/shop"
    folder.mkdir(parents=True)
    rows = [
        (u, i, f"2020-{u % 12 + 1:02}-{i + 1:02}")
        for u in range(24)
        for i in range(8)
        if u or i < 2
    ]
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "reviews.csv").write_text("\n".join(["user_id,item_id,timestamp", *lines]))
    products = [f'{i},Thing {i},"It is good"' for i in range(8)]
    (folder / "products.csv").write_text("\n".join(["id,title,description", *products]))
    assert watch_for(load_dataset(Dataset.find("shop"), EtlParameters())) == []


def test_a_selection_of_data_from_several_times_is_noticed(workspace):
    folder = workspace / "data/raw/shop"
    folder.mkdir(parents=True)
    rows = [(u, i, 5 if u else 4, 1_600_000_000_000 + u) for u in range(9) for i in range(5)]
    rows.append((0, 0, 4, 1_600_000_000))
    lines = [",".join(map(str, row)) for row in rows]
    (folder / "reviews.csv").write_text("\n".join(["user_id,item_id,rating,timestamp", *lines]))
    (folder / "products.csv").write_text("\n".join(["id,title", *(f"{i},T" for i in range(20))]))
    loaded = load_dataset(Dataset.find("shop"), EtlParameters())
    assert {"what": "timestamp is before 1990", "rows": -1} in loaded.funnel()
    said = " ".join(watch_for(loaded))
    assert "No user has fewer than 5 ratings: the data is a selection" in said
    assert "89% of the ratings are 5" in said
    assert "75% of the products have no rating" in said
