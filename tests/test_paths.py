"""A dataset is its folder: two folders of one last name never share a place."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from recsys_lib import places
from recsys_lib.data.sample import ensure_sample
from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.paths import Dataset, dataset_names


@pytest.fixture
def folder(tmp_path):
    """Make a folder with a file in it, outside of the workspace."""

    def make(*parts):
        path = tmp_path.joinpath("outside", *parts)
        path.mkdir(parents=True)
        (path / "ratings.csv").write_text("user_id,item_id\n")
        return path

    return make


@pytest.fixture
def root(tmp_path):
    return tmp_path / "workspace"


def test_the_first_folder_owns_its_name_and_the_second_gets_its_own(root, folder):
    a, b = folder("a", "shop"), folder("b", "shop")
    first = Dataset.find(a, root).claim()
    second = Dataset.find(b, root).claim()
    assert first.name == "shop"
    assert second.name.startswith("shop-")
    assert {first.models, first.processed}.isdisjoint({second.models, second.processed})
    assert (first.name_note, second.raw) == ("", b)
    assert f"results of {b} are kept under the name '{second.name}'" in second.name_note
    assert second.name_note.endswith(f"since 'shop' belongs to {a}")


def test_finding_is_stable_and_writes_nothing(root, folder):
    a, b = folder("a", "shop"), folder("b", "shop")
    assert Dataset.find(b, root).name == "shop"
    assert not root.exists()
    Dataset.find(a, root).claim()
    second = Dataset.find(b, root).claim()
    assert [Dataset.find(path, root).name for path in (a, b)] == ["shop", second.name]
    (root / "models" / "shop" / "dataset.json").unlink()
    assert Dataset.find(b, root) == second  # what it has stays its own when a better name is free


def test_a_name_under_raw_and_a_folder_outside_are_two_datasets(root, folder):
    inside = root / "data" / "raw" / "shop"
    inside.mkdir(parents=True)
    outside = Dataset.find(folder("shop"), root).claim()
    named = Dataset.find("shop", root).claim()
    assert (outside.name, named.raw) == ("shop", inside)
    assert named.name != "shop"
    assert Dataset.find(inside, root) == named
    assert (named.argument, outside.argument) == ("shop", str(outside.raw))


def test_a_dataset_is_found_by_its_listed_name(root, folder):
    Dataset.find(folder("a", "shop"), root).claim()
    second = Dataset.find(folder("b", "shop"), root).claim()
    assert Dataset.find(second.name, root) == second
    assert Dataset.find("shop", root).raw.parent.name == "a"
    assert Dataset.from_place(second.name, root) == second
    assert Dataset.from_version(second.version("v1")) == second
    assert dataset_names(root) == ["sample", "shop", second.name]


def test_results_from_before_there_were_records_go_to_the_first_user(root, folder):
    (root / "models" / "shop" / "v1").mkdir(parents=True)
    assert Dataset.find(folder("a", "shop"), root).claim().name == "shop"
    assert Dataset.find(folder("b", "shop"), root).claim().name != "shop"


@pytest.mark.parametrize("name", ["データ", "My Shop", "Möbel", ".hidden", "---"])
def test_any_folder_name_gets_a_place(root, folder, name):
    outside = Dataset.find(folder(name), root).claim()
    assert outside.name.isascii()
    assert not outside.name.startswith((".", "-"))
    assert Dataset.find(outside.name, root) == outside
    named = Dataset.find(name, root)
    assert named.raw == root / "data" / "raw" / name
    assert named.claim().name != outside.name


@pytest.mark.parametrize(
    ("name", "place"),
    [("Café größer", "Cafe-grosser"), ("Łódź_2", "Lodz_2"), ("Смирнов", "Smirnov"), ("a b", "a-b")],
)
def test_letters_of_other_alphabets_are_written_in_ascii(root, folder, name, place):
    assert Dataset.find(folder(name), root).name == place


def test_a_dataset_that_does_not_exist_is_told_with_the_one_that_is_meant(root, folder):
    (root / "data" / "raw" / "shop").mkdir(parents=True)
    for name in ("sample", "sample-500", "shop", folder("mine")):
        Dataset.find(name, root).require()
    (root / "models" / "gone").mkdir(parents=True)
    Dataset.find("gone", root).require()  # its models are still there
    with pytest.raises(ParameterError, match="no dataset 'sampel': did you mean 'sample'"):
        Dataset.find("sampel", root).require()
    with pytest.raises(ParameterError, match="no folder /nowhere/shop: check the path"):
        Dataset.find("/nowhere/shop", root).require()


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "./shop", "a/b"])
def test_a_relative_path_is_refused(root, name):
    with pytest.raises(ParameterError, match=r"neither a name under .* nor an absolute"):
        Dataset.find(name, root)


def test_the_built_in_sample_keeps_its_name(root, folder):
    mine = Dataset.find(folder("sample"), root).claim()
    sample = Dataset.find("sample", root).claim()
    assert (sample.name, sample.is_sample, mine.is_sample) == ("sample", True, False)
    assert mine.name != "sample"
    assert "belongs to the built-in sample" in mine.name_note
    assert Dataset.find("sample-500", root).is_sample


def test_files_of_a_user_in_the_folder_of_the_sample_are_left_alone(root):
    raw = root / "data" / "raw" / "sample"
    raw.mkdir(parents=True)
    assert Dataset.find("sample", root).is_sample
    (raw / "ratings.csv").write_text("user_id,item_id\n")
    mine = Dataset.find("sample", root)
    assert (mine.is_sample, mine.raw) == (False, raw)
    assert mine.name != "sample"
    assert not ensure_sample(mine)
    assert [path.name for path in raw.iterdir()] == ["ratings.csv"]


def test_a_workspace_may_be_moved(root, folder):
    raw = root / "data" / "raw" / "shop"
    own = root / "exports" / "shop"
    for path in (raw, own):
        path.mkdir(parents=True)
    names = [Dataset.find(path, root).claim().name for path in ("shop", own)]
    moved = root.rename(root.with_name("moved"))
    assert [Dataset.find(p, moved).name for p in ("shop", moved / "exports" / "shop")] == names
    record = json.loads((moved / "models" / "shop" / "dataset.json").read_text())
    assert record == {"raw": "data/raw/shop"}


def test_a_folder_behind_a_link_is_one_dataset(root, folder, tmp_path):
    link = tmp_path / "links" / "shop"
    link.parent.mkdir()
    link.symlink_to(folder("a", "shop"))
    assert Dataset.find(link, root).claim().name == "shop"
    assert Dataset.find(link.resolve(), root).name == "shop"


def test_folders_that_claim_a_name_at_once_get_different_places(root, folder):
    raws = [folder(str(n), "shop") for n in range(16)]
    found = [Dataset.find(raw, root) for raw in raws for _ in range(3)]
    with ThreadPoolExecutor(16) as pool:
        claimed = list(pool.map(Dataset.claim, found))
    names = {dataset.raw: dataset.name for dataset in claimed}
    assert len(set(names.values())) == len(raws)
    assert all(names[dataset.raw] == dataset.name for dataset in claimed)
    assert "shop" in names.values()


def test_equal_hashes_are_told_apart(root, folder, monkeypatch):
    monkeypatch.setattr(places, "_DIGITS_TO_LETTERS", dict.fromkeys(b"0123456789abcdef", "x"))
    claimed = [Dataset.find(folder(n, "shop"), root).claim().name for n in "abc"]
    assert claimed == ["shop", "shop-xxxx", "shop-xxxxxxxx"]


def test_a_damaged_record_is_named(root, folder):
    record = root / "models" / "shop" / "dataset.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    with pytest.raises(ArtifactError, match=r"dataset\.json does not say which folder"):
        Dataset.find(folder("shop"), root)
