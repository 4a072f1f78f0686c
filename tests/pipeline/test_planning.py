from dataclasses import asdict

import numpy as np
import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.files import describe
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.cache._key import CacheKey
from recsys_lib.pipeline.cache.code import check_notebook, code_of, used_modules
from recsys_lib.pipeline.cache.plan import StepResult, plan
from recsys_lib.pipeline.runs.record import StepRecord
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.pipeline.steps import Step
from recsys_lib.pipeline.table import select
from recsys_lib.registry.parts import writing_part
from recsys_lib.sources import source_of
from tests.support.records import write_run

ETL = Step("etl", "01_etl")
KEY = CacheKey("n", {}, {}, {}, {})
TAGGED = '{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ""}'


def names(code):
    imports = code if isinstance(code, tuple) else source_of(code).imports
    files, foreign = used_modules(imports, project_root())
    return {path.as_posix() for path in files}, foreign


def test_imports_are_followed_from_module_to_module():
    files, foreign = names("from recsys_lib.als.inspection import training_curve\nimport json")
    expected = (
        "__init__",
        "als/__init__",
        "als/inspection",
        "als/training",
        "display/plotting",
        "parameters",
    )
    assert {f"recsys_lib/{name}.py" for name in expected} <= files
    assert {"implicit", "json", "matplotlib", "numpy"} <= foreign
    assert not [name for name in files if "serving" in name or "search" in name]


def test_imports_in_functions_count_and_lazy_facades_do_not():
    files, _ = names("def f():\n    import recsys_lib.ids\n")
    assert "recsys_lib/ids.py" in files
    assert not [name for name in files if "serving" in name]


def test_steps_depend_on_no_library_of_other_steps():
    for notebook in ("01_etl", "02_train_als"):
        _, foreign = names(code_of(project_root() / "notebooks" / f"{notebook}.ipynb").imports)
        assert not {"sentence_transformers", "faiss"} & foreign
    _, foreign = names(code_of(project_root() / "notebooks" / "01_etl.ipynb").imports)
    assert "torch" not in foreign  # the training may take it, for a GPU


def test_changes_are_listed_for_the_reader():
    before = CacheKey("n", {"als.factors": 64}, {"a": "1"}, {"x.py": "1"}, {"numpy": "1"})
    after = CacheKey("m", {"als.factors": 128}, {"a": "2"}, {"x.py": "2"}, {"numpy": "2"})
    assert after.changes_since(before) == [
        "the notebook's code changed",
        "parameter als.factors 64 -> 128",
        "input a changed",
        "x.py changed",
        "numpy 1 -> 2",
    ]
    assert after.changes_since(after) == []
    assert before.digest != after.digest


@pytest.mark.parametrize("damaged", ["array.npy", "part.json", "a bit", None])
def test_a_part_counts_as_a_whole(workspace, damaged):
    """The array is not among the declared outputs, but the part's manifest knows it."""
    dataset = Dataset.find("shop")
    folder = dataset.version("r") / "als"
    with writing_part(folder, parameters={}, data_fingerprint="", libraries=[]) as part:
        np.save(part / "array.npy", np.zeros(3))
    manifest = folder / "part.json"
    result = StepResult("r", KEY, [{"path": str(manifest), **describe(manifest)}])
    if damaged == "a bit":
        array = bytearray((folder / "array.npy").read_bytes())
        array[-1] ^= 1
        (folder / "array.npy").write_bytes(array)
    elif damaged:
        (folder / damaged).write_text("x")
    step = Step("als", "02", produces=("{version}/als/part.json",))
    assert (result.damage(step, dataset) is None) is (damaged is None)


def test_a_step_that_declares_other_files_now_runs_again():
    result = StepResult("r", KEY, [])
    step = Step("als", "02", produces=("{version}/als/part.json",))
    assert result.damage(step, Dataset.find("shop")) == "the step declares other outputs now"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        ("no notebook", "is not a notebook"),
        ('{"cells": [{"cell_type": "code", "metadata": {}, "source": ""}]}', "has 0 cells"),
        (f'{{"cells": [{TAGGED}, {TAGGED}]}}', "has 2 cells"),
    ],
)
def test_a_notebook_that_takes_no_parameters_is_refused(tmp_path, content, says):
    path = tmp_path / "01.ipynb"
    if content:
        path.write_text(content)
    with pytest.raises(ParameterError, match=says):
        check_notebook(path)


def test_a_key_that_another_release_recorded_is_not_compared():
    recorded = {"notebook": "n", "parameters": {}, "inputs": {}, "sources": {}, "libraries": {}}
    assert CacheKey.from_record(recorded) is None
    assert CacheKey.from_record({}) is None
    assert CacheKey.from_record(asdict(KEY)) == KEY


def test_a_run_that_another_release_recorded_is_not_reused(workspace):
    settings = read_settings(None, ["dataset=sample"])
    record = write_run(workspace, "old", dataset="sample")
    record.steps = [StepRecord("etl", "01_etl.ipynb", status="executed")]
    record.save(workspace / "outputs" / "old")
    (planned,) = plan([ETL], [ETL], settings)
    assert planned == ("etl", "run", "no earlier result on this dataset")


def test_the_plan_follows_the_running_order(workspace):
    als = Step("als", "02_train_als", needs=("etl",))
    planned = plan([als, ETL], select([als, ETL]), read_settings())
    assert [step.name for step in planned] == ["etl", "als"]
    assert planned[1].reason == "after etl"
