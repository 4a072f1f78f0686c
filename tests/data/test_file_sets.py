"""Which files of a folder are read: parts are joined, copies are left out and named."""

import polars as pl
import pytest

from recsys_lib.data.etl import load_dataset
from recsys_lib.data.file_sets import file_sets, glob_of
from recsys_lib.data.input_files import find_input_files
from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset

ONE = "user_id,item_id\nann,tea\nbob,tea\ncat,tea\n"
OTHER = "user_id,item_id\ndan,mug\neve,mug\nfay,mug\n"


@pytest.fixture
def read(tmp_path):
    """Write files, and find those that are read."""

    def found(files, **parameters):
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return find_input_files(Dataset.find(tmp_path, tmp_path), EtlParameters(**parameters))

    return found


@pytest.mark.parametrize(
    "copy",
    [
        "ratings_small.csv",
        "ratings (1).csv",
        "ratings_old.csv",
        "ratings_test.csv",
        "ratings - Copy.csv",
        "Kopie von ratings.csv",
        "ratings_sample.csv",
        "ratings_old (2).csv",
        "ratings.tsv",
    ],
)
def test_a_copy_or_a_part_is_left_out_and_named(read, copy):
    inputs = read({"ratings.csv": ONE, copy: OTHER})
    assert [path.name for path in inputs.reviews] == ["ratings.csv"]
    assert any(copy in note and "ratings.csv" in note for note in inputs.sayings())


@pytest.mark.parametrize(
    "names",
    [
        ("ratings-1.csv", "ratings-2.csv"),
        ("orders_2023.csv", "orders_2024.csv"),
        ("orders-2024-01.csv", "orders-2024-02.csv"),
        ("ratings_train.csv", "ratings_test.csv"),
        ("reviews_Beauty.csv", "reviews_Books.csv"),
        ("reviews.part1.csv", "reviews.part2.csv"),
        ("reviews.csv", "reviews-b.csv"),
        ("reviews.csv", "reviews-2.csv"),
    ],
)
def test_parts_of_one_dump_are_joined(read, names):
    inputs = read(dict(zip(names, (ONE, OTHER), strict=True)))
    assert sorted(path.name for path in inputs.reviews) == sorted(names)


@pytest.mark.parametrize(
    "other",
    [
        {"ratings_extra.csv": OTHER},
        {"ratings_fresh.csv": "user_id,item_id,rating\nx,y,5\n"},
    ],
)
def test_files_that_may_be_alternatives_are_a_question(read, other):
    with pytest.raises(InputDataError, match=r"several files may hold the reviews: ratings\.csv"):
        read({"ratings.csv": ONE, **other})
    assert len(read({}, reviews="ratings*").reviews) == 2
    assert len(read({}, reviews="ratings.csv").reviews) == 1


@pytest.mark.parametrize("names", [("ratings_v1", "ratings_v2"), ("ratings_new", "ratings_final")])
def test_versions_of_a_file_are_a_question(read, names):
    with pytest.raises(
        InputDataError, match=f"{min(names)}.csv, {max(names)}.csv. Set etl.reviews"
    ):
        read(dict(zip((f"{name}.csv" for name in names), (ONE, OTHER), strict=True)))


def test_usual_names_and_files_of_customers(read):
    inputs = read(
        {
            "customers.csv": "customer_id,name,city\nann,Ann,Bonn\n",
            "orders_2024.csv": "order_id,customer_id,sku\n1,ann,tea\n",
            "catalog.csv": "sku,name\ntea,Tea\n",
            "links.csv": "sku,url\ntea,x\n",
        }
    )
    assert [path.name for path in inputs.reviews] == ["orders_2024.csv"]
    assert [path.name for path in inputs.products] == ["catalog.csv"]
    others = "files taken for neither reviews nor products: customers.csv, links.csv"
    assert others in inputs.sayings()


def test_files_of_any_name_are_told_by_their_columns(read):
    inputs = read({"export.csv": ONE, "things.csv": "item_id,title\ntea,Tea\n", "x.csv": "a,b\n"})
    assert [path.name for path in inputs.reviews] == ["export.csv"]
    assert [path.name for path in inputs.products] == ["things.csv"]


def test_a_submission_is_no_data(read):
    inputs = read({"ratings.csv": ONE, "sample_submission_ratings.csv": OTHER})
    assert len(inputs.reviews) == 1


def test_a_folder_of_parts_is_one_set(tmp_path):
    folder = tmp_path / "ratings.parquet"
    folder.mkdir()
    (folder / "_SUCCESS").write_text("")
    for n, user in enumerate("uv"):
        frame = pl.DataFrame({"user_id": [user], "item_id": ["i"]})
        frame.write_parquet(folder / f"part-0000{n}-c000.snappy.parquet")
    dataset = Dataset.find(tmp_path, tmp_path)
    loaded = load_dataset(dataset, EtlParameters())
    assert loaded.ratings.frame["user_id"].to_list() == ["u", "v"]
    assert glob_of(tmp_path, loaded.inputs.reviews) == "ratings.parquet"
    named = find_input_files(dataset, EtlParameters(reviews="ratings.parquet"))
    assert named.reviews == loaded.inputs.reviews


def test_the_only_subfolder_is_looked_into(tmp_path):
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump" / "ratings.csv").write_text(ONE)
    assert [one.name for one in file_sets(tmp_path)] == ["ratings.csv"]


def test_a_catalogue_alone_and_interactions_alone(read, tmp_path):
    inputs = read({"products.csv": "sku,title\ntea,Tea\n"})
    assert (inputs.has_interactions, len(inputs.products)) == (False, 1)
    inputs = read({"ratings.csv": ONE}, products="none")
    assert (inputs.has_interactions, len(inputs.products)) == (True, 0)


def test_a_catalogue_is_not_taken_for_reviews_by_a_part_of_a_name(read):
    inputs = read({"products.csv": "id,title,attr_dhcp_client\n1,Router,yes\n"})
    assert (inputs.reviews, [path.name for path in inputs.products]) == ((), ["products.csv"])
    inputs = read({"products.csv": "sku,title,user\ntea,Tea,admin\n"})
    assert (inputs.reviews, [path.name for path in inputs.products]) == ((), ["products.csv"])
