"""The console script ``recsys``: its commands, help and errors."""

import re
import shlex
import shutil
import socket
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from recsys_lib import registry
from recsys_lib.arguments import Parser
from recsys_lib.cli import main
from recsys_lib.cli.table import COMMANDS
from recsys_lib.errors import WorseError
from recsys_lib.files import read_json, write_json
from recsys_lib.parameters import SECTIONS
from recsys_lib.paths import Dataset
from recsys_lib.registry import writing_part


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
    (workspace / "data" / "raw" / "other").mkdir(parents=True)
    main(["runs", "--dataset", "other"])
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_another_version_can_be_served_again(workspace, capsys):
    shop = Dataset.find("shop")
    publish(shop, "v1")
    publish(shop, "v2")
    assert main(["promote", "v1", "--dataset", "shop"]) == 0
    assert registry.require_champion(shop) == shop.version("v1")
    assert main(["promote", "v9", "--dataset", "shop"]) == 2
    assert "no version of dataset 'shop' 'v9': choose from v1, v2" in capsys.readouterr().err
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
    assert factors.split()[1:9] == ["int", "or", "auto", "'auto'", ">=", "1,", "<=", "4096"]
    (source,) = [line for line in lines if line.startswith("etl.source ")]
    assert "auto, amazon2023, amazon2018," in source


def test_params_of_one_section(capsys):
    assert main(["params", "evaluate"]) == 0
    assert "als.factors" not in capsys.readouterr().out
    assert main(["params", "evalute"]) == 2
    assert "did you mean 'evaluate'" in capsys.readouterr().err


def test_verify_has_a_line_for_each_part_or_names_what_is_damaged(workspace, capsys):
    shop = Dataset.find("shop")
    publish(shop, "v1")
    assert main(["verify", "--dataset", "shop"]) == 0
    first, part = capsys.readouterr().out.splitlines()
    assert first == "version v1 of dataset shop is as it was published"
    assert part.split()[:3] == ["als", "2", "files"]
    array = shop.version("v1") / "als" / "array.npy"
    array.write_bytes(array.read_bytes()[:-1] + b"x")
    for arguments in (["verify"], ["verify", "v1"], ["promote", "v1"]):
        assert main([*arguments, "--dataset", "shop"]) == 1
        said = capsys.readouterr().err
        assert f"{array} is damaged: its content differs from what was written" in said
        assert "python run_pipeline.py --set dataset=shop --force" in said


def test_names_may_be_abbreviated(workspace, capsys):
    shop = Dataset.find("shop")
    for version in ("2026-aa1", "2026-bb2"):
        publish(shop, version)
    (workspace / "data" / "raw" / "workshop").mkdir(parents=True)
    for dataset in ("shop", "sho", str(shop.raw)):
        if dataset != "sho":
            assert main(["promote", "aa", "--dataset", dataset]) == 0
            assert registry.require_champion(shop).name == "2026-aa1"
            continue
        assert main(["promote", "aa", "--dataset", dataset]) == 2
        said = capsys.readouterr().err
        assert "dataset 'sho' could be shop, workshop: write more of it" in said
    assert main(["verify", "b2", "--dataset", "shop"]) == 0
    assert main(["promote", "2026", "--dataset", "shop"]) == 2
    assert "could be 2026-aa1, 2026-bb2" in capsys.readouterr().err
    assert main(["export", "--version", "zz", "--dataset", "shop"]) == 2
    assert "choose from" in capsys.readouterr().err
    assert main(["runs", "--dataset", "works"]) == 0
    assert main(["clean", "--dataset", "wroks"]) == 2
    assert "there is no dataset 'wroks'" in capsys.readouterr().err


@pytest.fixture
def two(workspace):
    """Two datasets with a version each."""
    shop, other = Dataset.find("shop"), Dataset.find("other")
    publish(shop, "run-aa1")
    publish(other, "run-bb2")
    return shop, other


@pytest.mark.parametrize("command", [["promote"], ["verify"], ["export", "--quiet", "--version"]])
def test_a_version_needs_no_dataset(two, capsys, monkeypatch, command):
    exported = []
    job = SimpleNamespace(run=lambda *_: None)
    found = lambda dataset, version, *_, **__: exported.append((dataset.name, version)) or job  # noqa: E731
    monkeypatch.setattr("recsys_lib.serving.export.Export.from_version", found)
    assert main([*command, "b2"]) == 0
    assert exported == ([("other", "run-bb2")] if command[0] == "export" else [])
    assert main([*command, "b2", "--dataset", "shop"]) == 2
    assert "version 'run-bb2' is of dataset 'other', not of 'shop'" in capsys.readouterr().err
    assert main([*command, "cc3"]) == 2
    said = capsys.readouterr().err
    assert "there is no version 'cc3': choose from run-aa1, run-bb2" in said


def test_a_version_of_two_datasets_needs_one(two, capsys):
    publish(two[0], "run-cc3")
    publish(two[1], "run-cc3")
    assert main(["verify", "cc3"]) == 2
    said = capsys.readouterr().err
    assert "version 'run-cc3' is in the datasets other and shop: add --dataset" in said
    assert main(["verify", "cc3", "--dataset", "shop"]) == 0
    assert main(["verify", "run"]) == 2
    assert "'run' could be run-aa1, run-bb2, run-cc3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "why"),
    [("succeeded", "it made none, or they were removed"), ("failed", "it failed")],
)
@pytest.mark.parametrize("dataset", [[], ["--dataset", "other"]])
def test_a_run_without_models_is_explained(two, capsys, status, why, dataset):
    record = two[1].root / "outputs" / "run-bb2" / "run.json"
    write_json(record, {**read_json(record), "status": status})
    shutil.rmtree(two[1].version("run-bb2"))
    assert main(["verify", "bb2", *dataset]) == 2
    assert f"run 'run-bb2' of dataset 'other' has no models: {why}" in capsys.readouterr().err


def test_a_broken_champion_of_one_dataset_does_not_hide_the_runs(two, capsys):
    pointer = two[0].models / "champion.json"
    pointer.write_text("{")
    assert main(["runs"]) == 1
    out, said = capsys.readouterr()
    marks = {line.split()[0]: line.split()[1] for line in out.splitlines()[1:]}
    assert marks == {"run-aa1": "?", "run-bb2": "*"}
    assert f"the champion of dataset 'shop' is unreadable: {pointer}" in said
    remedy = re.search(r"'recsys (promote VERSION --dataset shop.*?)' writes it again", said)[1]
    assert main(remedy.replace("VERSION", "aa1").split()) == 0
    assert main(["runs"]) == 0
    assert "?" not in capsys.readouterr().out


def test_a_champion_that_was_removed_has_no_star(two, capsys):
    publish(two[0], "run-cc3")
    folder = two[0].version("run-cc3")
    shutil.rmtree(folder)
    assert main(["runs", "--dataset", "shop"]) == 1
    out, said = capsys.readouterr()
    assert "*" not in out
    missing = f"version 'run-cc3' is to be served, but {folder} was removed: serve another one"
    assert missing in said
    assert main(["verify", "--dataset", "shop"]) == 1
    said = capsys.readouterr().err
    assert missing in said
    assert "(there is run-aa1)" in said
    assert "never" not in said


def test_two_folders_of_one_name_are_served_apart(workspace, tmp_path, capsys):
    folders = [tmp_path / name / "shop" for name in ("a", "b")]
    datasets = []
    for number, folder in enumerate(folders, start=1):
        folder.mkdir(parents=True)
        datasets.append(Dataset.find(folder).claim())
        publish(datasets[-1], f"v{number}")
    second = datasets[1]
    assert main(["verify", "--dataset", str(folders[1])]) == 0
    assert "version v2 of" in capsys.readouterr().out
    assert main(["verify", "--dataset", second.name]) == 0
    assert "version v2 of" in capsys.readouterr().out
    assert main(["verify", "--dataset", "shop"]) == 0
    assert "version v1 of" in capsys.readouterr().out
    assert main(["verify", "v2"]) == 0
    assert f"version v2 of dataset {second.name}" in capsys.readouterr().out
    assert main(["runs", "--dataset", str(folders[0])]) == 0
    listed = capsys.readouterr().out
    assert "v1" in listed
    assert "v2" not in listed


def test_without_a_published_version_promote_says_what_to_run(workspace, capsys):
    assert main(["promote", "v1"]) == 1
    said = capsys.readouterr().err
    assert "no model of dataset 'sample' is trained yet: run '" in said
    assert "python run_pipeline.py --set dataset=sample'" in said


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(capsys, arguments):
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines if line.startswith("  ")} >= {*COMMANDS}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(capsys, name):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    said = capsys.readouterr().out
    assert re.search(rf"examples?:\n  recsys {name} ", said)
    assert COMMANDS[name].description in said


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_can_be_parsed(name):
    command = COMMANDS[name]
    for example in command.examples.splitlines():
        parser = Parser("recsys", command.description, example)
        command.declare(parser)
        parser.parse(shlex.split(example.partition(" | ")[0])[2:])


def test_help_names_the_defaults(capsys):
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for default in ("sample", "127.0.0.1", "8000"):
        assert f"(default: {default})" in said


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"recsys {metadata.version('recsys-lib')}\n"


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from recsys_lib.cli import main; main(['--help']); "
        "heavy = {'numpy', 'polars', 'rich', 'pydantic', 'pandas'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["promte"], "unknown command 'promte': did you mean 'promote'?"),
        (["--versoin"], "unknown option '--versoin': did you mean '--version'?"),
    ],
)
def test_unknown_commands_end_with_2_and_a_suggestion(capsys, arguments, says):
    assert main(arguments) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["promote"], "required: VERSION"),
        (["promote", "v1", "--froce"], "unknown option '--froce': did you mean '--force'?"),
        (["runs", "--datset=shop"], "unknown option '--datset': did you mean '--dataset'?"),
        (["run", "--stps", "etl"], "unknown option '--stps': did you mean '--steps'?"),
        (["runs", "shop"], "unknown argument 'shop'"),
        (["compare"], "required: RUN"),
        (["serve", "--port", "0"], "'0' is not a port: choose one from 1 to 65535"),
        (["serve", "--port", "65536"], "'65536' is not a port: choose one from 1 to 65535"),
        (["serve", "--port", "http"], "'http' is not a port: choose one from 1 to 65535"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_remedy(capsys, arguments, says):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_a_port_in_use_is_found_before_anything_is_loaded(workspace, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "recsys_lib.serving.http", None)  # to import it would fail
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert f"port {port} of 127.0.0.1 is in use: stop the program that uses it, or choose" in said


def test_a_host_that_is_not_ours_is_named(workspace, capsys):
    assert main(["serve", "--host", "192.0.2.1", "--port", "8765"]) == 2
    assert "--host 192.0.2.1 is not an address of this machine" in capsys.readouterr().err


def test_an_interruption_ends_with_130(workspace, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    publish(Dataset.find("shop"), "v1")
    monkeypatch.setattr("recsys_lib.registry.versions.verify", interrupted)
    assert main(["verify", "--dataset", "shop"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
