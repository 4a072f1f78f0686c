"""What recsys clean removes, and what it never does."""

import os

import pytest

from recsys_lib import registry
from recsys_lib.cli import main
from recsys_lib.errors import LockedError, ParameterError
from recsys_lib.files import write_json
from recsys_lib.loop.experiment import start_experiment
from recsys_lib.parameters import KEEP_CHANGES
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.runs.retention import clean
from recsys_lib.registry.history import change_champion
from recsys_lib.registry.in_use import only_run
from tests.support.records import write_run


@pytest.fixture
def runs(workspace):
    """Five runs of a shop with models, of which the first is served; two of another dataset."""
    shop = Dataset.find("shop")
    for day in (1, 2, 3, 4, 5):
        write_run(workspace, f"s{day}", day=day)
        write_model(shop, f"s{day}")
    write_json(shop.models / registry.CHAMPION, {"version": "s1"})
    for day in (1, 2):
        write_run(workspace, f"o{day}", day=day, dataset="other")
    return workspace


def write_model(dataset, version):
    folder = dataset.version(version) / "als"
    folder.mkdir(parents=True)
    (folder / "item_factors.npy").write_bytes(b"x" * 1000)
    write_json(folder.parent / registry.MANIFEST, {})


def left(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_the_last_runs_and_what_is_served_stay(runs):
    removal = clean(runs, 2)
    assert left(runs / "outputs") == ["o1", "o2", "s1", "s4", "s5"]
    assert left(runs / "models/shop") == [registry.CHAMPION, "s1", "s4", "s5"]
    assert len(removal.paths) == 4
    assert removal.freed > 2000
    assert clean(runs, 2).paths == []


class TestRollbacks:
    @pytest.fixture
    def served(self, runs):
        """The shop was rolled back from s3 to s2, and later from s3 to s1."""
        shop = Dataset.find("shop")
        (shop.models / registry.CHAMPION).unlink()
        for version, rollback in (("s4", 0), ("s2", 0), ("s3", 0), ("s2", 1), ("s1", 0), ("s3", 0)):
            change_champion(shop, version, reason="", by="run", rollback=rollback)
        change_champion(shop, "s1", reason="", by="anna@desk", rollback=1)
        return shop

    @pytest.mark.parametrize(
        ("changes", "kept"), [(0, []), (1, ["s3", "s2"]), (2, ["s4", "s3", "s2"])]
    )
    def test_versions_that_they_reach_stay(self, served, changes, kept):
        removal = clean(served.root, 1, "shop", changes=changes)
        assert removal.kept == kept
        stay = sorted({"s1", "s5", *kept})
        assert [name for name in left(served.models) if name.startswith("s")] == stay
        assert [name for name in left(served.root / "outputs") if name.startswith("s")] == stay
        for version in registry.read_history(served).before[:changes]:
            assert served.version(version).is_dir()

    def test_a_challenger_stays(self, served):
        start_experiment(served.feedback, "s3", 0.1)
        assert clean(served.root, 1, "shop", changes=0).kept == ["s3"]
        assert served.version("s3").is_dir()

    def test_what_is_kept_and_removed_is_said(self, served, capsys):
        options = ["--keep", "1", "--keep-changes", "1", "--dataset", "shop"]
        assert main(["clean", *options]) == 0
        said = capsys.readouterr().out
        assert "kept for 'recsys rollback' or as the challenger: s3, s2" in said
        assert str(served.version("s4")) in said
        assert main(["clean", "--keep-changes", "-1"]) == 2
        assert "--keep-changes must be at least 0, got -1" in capsys.readouterr().err

    def test_the_default_is_that_of_the_parameters(self, served, capsys):
        with pytest.raises(SystemExit):
            main(["clean", "--help"])
        assert f"(default: {KEEP_CHANGES})" in " ".join(capsys.readouterr().out.split())


def test_a_dry_run_removes_nothing(runs, capsys):
    before = left(runs / "outputs"), left(runs / "models/shop")
    assert main(["clean", "--keep", "1", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert str(runs / "outputs/s2") in out and "7 files and folders would be removed" in out
    assert (left(runs / "outputs"), left(runs / "models/shop")) == before


def test_one_dataset_only(runs, capsys):
    assert main(["clean", "--keep", "1", "--dataset", "other"]) == 0
    assert left(runs / "outputs") == ["o2", "s1", "s2", "s3", "s4", "s5"]


def test_versions_that_no_run_made_stay_and_torn_writes_go(runs):
    shop = Dataset.find("shop")
    write_model(shop, "draft")
    write_model(shop, "mine")
    (shop.processed / ".waiting").mkdir(parents=True)
    (shop.processed / "recommender.db").write_text("whole")
    torn = [
        shop.models / ".s6.1234abcd.tmp",
        shop.models / "s1" / ".als.1234abcd.tmp",
        shop.models / "s5" / ".search.1234abcd.tmp.old",
        shop.processed / ".waiting" / "items.parquet",
        shop.processed / ".recommender.db.1234abcd.tmp",
    ]
    for path in torn:
        path.write_bytes(b"x" * 500)
    removal = clean(runs, 5)
    assert left(shop.models) == [registry.CHAMPION, "draft", "mine", "s1", "s2", "s3", "s4", "s5"]
    assert not any(path.exists() for path in torn)
    assert len(removal.paths) == 5
    assert removal.freed == 2500
    assert [path.name for path in shop.processed.iterdir()] == ["recommender.db"]


def test_files_that_a_kept_version_shares_are_not_counted_as_freed(runs):
    shop = Dataset.find("shop")
    old = shop.version("s2") / "als/item_factors.npy"
    new = shop.version("s5") / "als/item_factors.npy"
    new.unlink()
    os.link(old, new)
    freed = clean(runs, 3, "shop", dry_run=True).freed
    new.unlink()
    assert clean(runs, 3, "shop").freed == freed + 1000


def test_a_sweep_goes_with_the_last_of_its_runs(runs):
    write_json(runs / "outputs/s/sweep.json", {"sweep": "s", "runs": ["s2", "s5"]})
    clean(runs, 2)
    assert (runs / "outputs/s").is_dir()
    write_run(runs, "s6", day=6)
    clean(runs, 1)
    assert not (runs / "outputs/s").exists()


def test_nothing_is_removed_while_a_run_works(runs):
    with only_run(Dataset.find("shop")), pytest.raises(LockedError):
        clean(runs, 1)
    assert "s2" in left(runs / "outputs")
    with pytest.raises(ParameterError, match="--keep must be at least 1"):
        clean(runs, 0)


def test_checkpoints_of_killed_runs_go(runs):
    folder = Dataset.find("shop").checkpoints
    folder.mkdir(parents=True)
    (folder / "als-training-0.npz").write_bytes(b"x" * 5000)
    assert clean(runs, 5).paths == [folder]
    assert not folder.exists()
