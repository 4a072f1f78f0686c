import pytest

from recsys_lib.cli import pipeline_steps
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import SECTIONS
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.steps import Step, independent, select

STEPS = (Step("a", "1"), Step("b", "2", needs=("a",)), Step("c", "3", needs=("a",)))


def names(steps):
    return [step.name for step in steps]


def test_select_keeps_the_order_of_the_table():
    assert names(select(STEPS)) == ["a", "b", "c"]
    assert names(select(STEPS, ["c", "a"])) == ["a", "c"]
    assert names(select(STEPS, start="b")) == ["b", "c"]
    assert names(select(STEPS, ["a", "c"], start="b")) == ["c"]


@pytest.mark.parametrize("arguments", [(["d"],), ([], "d"), (["a"], "b")])
def test_select_refuses_what_is_not_there(arguments):
    with pytest.raises(ParameterError):
        select(STEPS, *arguments)


def test_outputs_are_files_of_the_dataset_and_the_version(workspace):
    dataset = Dataset.find("shop")
    step = Step("x", "n", produces=("{data}/x.db", "{version}/als/y.npy"), metrics="{data}/x.json")
    assert step.outputs(dataset, "v1") == [
        workspace / "data/processed/shop/x.db",
        workspace / "models/shop/v1/als/y.npy",
    ]
    assert step.metrics_file(dataset, "v1") == workspace / "data/processed/shop/x.json"
    assert step.version_folders == {"als"}


def test_steps_are_independent_when_neither_needs_the_other_through_others():
    table = (*STEPS, Step("d", "4", needs=("b",)))
    assert [names(independent(step, table)) for step in table] == [[], ["c"], ["b", "d"], ["c"]]


def test_the_pipeline_is_sound():
    seen = set()
    for step in pipeline_steps():
        assert (project_root() / "notebooks" / f"{step.notebook}.ipynb").is_file()
        assert set(step.needs) <= seen, f"{step.name} needs a step that comes later"
        assert step.metrics in step.produces
        assert SECTIONS[step.name].notebook == step.notebook
        seen.add(step.name)
