import numpy as np
import polars as pl
import pytest

from recsys_lib.cli import main
from recsys_lib.errors import WorseError
from recsys_lib.files import write_json
from recsys_lib.parameters import SECTIONS
from recsys_lib.paths import Dataset
from recsys_lib.registry import versions as registry
from recsys_lib.registry.parts import writing_part


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


def publish(dataset, version):
    """A version of one small part, and the record of its run."""
    options = {"parameters": {}, "data_fingerprint": "", "libraries": []}
    with writing_part(dataset.version(version) / "als", **options) as folder:
        np.save(folder / "array.npy", np.zeros(1))
    registry.publish(dataset, version)
    record = {
        "run_id": version,
        "dataset": dataset.name,
        "status": "succeeded",
        "started_at": f"2026-01-0{version[-1]}T03:15:00.000Z",
        "changed_parameters": ["als.factors"],
        "metrics": {"als.recall@10": 0.25},
    }
    write_json(dataset.root / "outputs" / version / "run.json", record)


def test_runs_are_listed_newest_first_with_what_is_served(workspace, capsys):
    shop = Dataset.find("shop")
    publish(shop, "v1")
    publish(shop, "v2")
    assert main(["runs"]) == 0
    header, newest, oldest = capsys.readouterr().out.splitlines()
    assert "als.recall@10" in header
    assert newest.split() == [
        "v2",
        "*",
        "shop",
        "succeeded",
        "2026-01-02",
        "03:15",
        "als.factors",
        "0.2500",
        "-",
    ]
    assert oldest.split()[:2] == ["v1", "shop"]
    main(["runs", "--dataset", "other"])
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_another_version_can_be_served_again(workspace, capsys):
    shop = Dataset.find("shop")
    publish(shop, "v1")
    publish(shop, "v2")
    assert main(["promote", "v1", "--dataset", "shop"]) == 0
    assert registry.require_champion(shop) == shop.version("v1")
    assert main(["promote", "v9", "--dataset", "shop"]) == 1
    assert "there is v1, v2" in capsys.readouterr().err
    assert registry.require_champion(shop) == shop.version("v1")


def test_a_version_that_is_worse_needs_to_be_forced(workspace, capsys):
    shop, generator = Dataset.find("shop"), np.random.default_rng(0)
    values = generator.random(300)
    for version, quality in (("v1", values), ("v2", 0.8 * values)):
        folder = shop.version(version) / "evaluation"
        folder.mkdir(parents=True)
        names = [f"u{n}" for n in range(300)]
        table = pl.DataFrame({"user": names, "held_out": names, "ndcg@10": quality})
        table.write_parquet(folder / "per_user.parquet")
    publish(shop, "v1")
    with pytest.raises(WorseError, match="v2 is worse than v1, which is served"):
        publish(shop, "v2")
    assert registry.require_champion(shop) == shop.version("v1")
    assert main(["promote", "v2", "--dataset", "shop"]) == 1
    assert "on 300 users, beyond noise" in capsys.readouterr().err
    assert registry.require_champion(shop) == shop.version("v1")
    assert main(["promote", "v2", "--dataset", "shop", "--force"]) == 0
    assert registry.require_champion(shop) == shop.version("v2")
    assert main(["promote", "v1", "--dataset", "shop"]) == 0


def test_every_parameter_is_listed_with_its_range(capsys):
    assert main(["params"]) == 0
    lines = capsys.readouterr().out.splitlines()
    listed = {line.split()[0] for line in lines[1:] if "." in line.split()[0]}
    assert {f"{s}.{name}" for s, model in SECTIONS.items() for name in model.model_fields} <= listed
    (factors,) = [line for line in lines if line.startswith("als.factors")]
    assert factors.split()[:7] == ["als.factors", "int", "128", ">=", "1,", "<=", "4096"]
    (source,) = [line for line in lines if line.startswith("etl.source ")]
    assert "auto, amazon2023, amazon2018," in source


def test_params_of_one_section(capsys):
    assert main(["params", "evaluate"]) == 0
    assert "als.factors" not in capsys.readouterr().out
    assert main(["params", "evalute"]) == 2
    assert "did you mean 'evaluate'" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["promote"]])
def test_wrong_usage_ends_with_2(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
