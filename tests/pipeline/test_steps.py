import pytest

from recsys_lib.cli import pipeline_steps
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import SECTIONS
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.steps import Step, data_files, version_files
from recsys_lib.pipeline.table import check_table, independent, running_order, select

STEPS = (Step("a", "1"), Step("b", "2", needs=("a",)), Step("c", "3", needs=("a",)))


def names(steps):
    return [step.name for step in steps]


def test_select_keeps_the_order_of_the_table():
    assert names(select(STEPS)) == ["a", "b", "c"]
    assert names(select(STEPS, ["c", "a"])) == ["a", "c"]
    assert names(select(STEPS, start="b")) == ["b", "c"]
    assert names(select(STEPS, ["a", "c"], start="b")) == ["c"]


def test_a_step_on_request_runs_where_it_is_named_and_shares_no_cores():
    table = (*STEPS, Step("d", "4", needs=("a",), on_request=True))
    assert names(select(table)) == names(select(table, start="a")) == ["a", "b", "c"]
    assert names(select(table, ["a", "d"])) == ["a", "d"]
    assert names(select(table, start="d")) == ["d"]
    assert [names(independent(step, table)) for step in STEPS] == [[], ["c"], ["b"]]


@pytest.mark.parametrize("arguments", [(["d"],), ([], "d"), (["a"], "b")])
def test_select_refuses_what_is_not_there(arguments):
    with pytest.raises(ParameterError):
        select(STEPS, *arguments)


def test_outputs_are_files_of_the_dataset_and_the_version(workspace):
    dataset = Dataset.find("shop")
    produces = data_files("x.db") + version_files("als", "y.npy", "y.json")
    step = Step("x", "n", produces=produces, metrics="y.json", may_write=data_files("z"))
    data, version = workspace / "data/processed/shop", workspace / "models/shop/v1"
    outputs = [data / "x.db", version / "als/y.npy", version / "als/y.json"]
    assert step.outputs(dataset, "v1") == outputs
    assert step.owned_paths(dataset, "v1") == [*outputs, data / "z", version / "als"]
    assert step.metrics_file(dataset, "v1") == version / "als/y.json"
    assert step.version_folders == {"als"}


def test_steps_are_independent_when_neither_needs_the_other_through_others():
    table = (*STEPS, Step("d", "4", needs=("b",)))
    assert [names(independent(step, table)) for step in table] == [[], ["c"], ["b", "d"], ["c"]]


def test_steps_run_after_their_needs_and_else_in_the_order_of_the_table():
    table = (Step("d", "4", optional_needs=("c",)), Step("c", "3", needs=("b",)), *STEPS[:2])
    assert names(running_order(table)) == ["a", "b", "c", "d"]
    assert names(select(table, start="b")) == ["b", "c", "d"]
    assert names(running_order((Step("x", "1"), *STEPS))) == ["x", "a", "b", "c"]
    assert names(running_order((*STEPS, Step("x", "1")))) == ["a", "b", "c", "x"]


ETL = Step("etl", "01", produces=("{data}/a.json",), metrics="a.json")


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([Step("als", "02", needs=("elt",))], "step 'als': needs 'elt', which is no step: did you"),
        ([Step("als", "02", optional_needs=("elt",))], "step 'als': needs 'elt'.*mean 'etl'"),
        ([Step("als", "02", needs="etl")], r"needs must be a tuple: write needs=\('etl',\)"),
        ([Step("als", "02", needs=("etl", "etl"))], "step 'als': needs 'etl' twice"),
        ([Step("etl", "02")], "step 'etl' is in the table twice"),
        ([Step("asl", "02")], "step 'asl': .*no section of this name: did you mean 'als'"),
        ([Step("als", "02.ipynb")], "step 'als': leave out the ending: write notebook='02'"),
        (
            [Step("als", "02", skip_unless="prodcuts")],
            "step 'als': skip_unless 'prodcuts' is no count of the ETL: did you mean 'products'",
        ),
        ([Step("als", "02", needs=("als",))], "in a circle: step 'als' needs 'als'"),
        (
            [Step("als", "02", needs=("embed",)), Step("embed", "03", optional_needs=("als",))],
            "in a circle: step '(als|embed)' needs '(als|embed)', step",
        ),
        ([Step("als", "02", produces=("{dta}/a",))], "unknown field 'dta': did you mean 'data'"),
        ([Step("als", "02", may_write=("{model}/a",))], "step 'als': .* unknown field 'model'"),
        ([Step("als", "02", produces=("{data/a",))], "step 'als': .* is no template"),
        (
            [Step("als", "02", produces=("a/{data}",))],
            "step 'als': .* must begin with one of {data}/, ",
        ),
        ([Step("als", "02", produces=("{data}/b",), metrics="c")], "'c' is no produced file"),
    ],
)
def test_a_table_that_cannot_run_is_refused(steps, says):
    with pytest.raises(ParameterError, match=says):
        check_table((ETL, *steps))


def test_all_mistakes_of_a_table_are_named_at_once():
    with pytest.raises(ParameterError) as caught:
        check_table((ETL, Step("als", "02", needs=("elt",)), Step("embed", "03", needs=("asl",))))
    assert str(caught.value).splitlines() == [
        "step 'als': needs 'elt', which is no step: did you mean 'etl'?",
        "step 'embed': needs 'asl', which is no step: did you mean 'als'?",
    ]


@pytest.mark.parametrize("arguments", [["--plan"], [], ["--steps", "als"], ["--resume"]])
@pytest.mark.parametrize("needs", ["elt", "als"])
def test_a_wrong_table_ends_with_2_before_anything_starts(workspace, capsys, arguments, needs):
    table = (ETL, Step("als", "02_train_als", needs=(needs,)))
    assert main(table, arguments) == 2
    assert f"step 'als'{':' if needs == 'elt' else ''} needs '{needs}'" in capsys.readouterr().err
    assert not list(workspace.iterdir())


def test_steps_are_named_or_start_somewhere_but_not_both(workspace, capsys):
    with pytest.raises(SystemExit) as caught:
        main(pipeline_steps(), ["--steps", "etl", "--from", "als"])
    assert caught.value.code == 2
    assert "--from: not allowed with argument --steps" in capsys.readouterr().err
    assert not list(workspace.iterdir())


def test_the_pipeline_is_sound():
    table = pipeline_steps()
    check_table(table)
    assert running_order(table) == list(table)
    for step in table:
        assert (project_root() / "notebooks" / f"{step.notebook}.ipynb").is_file()
        assert step.metrics
        assert SECTIONS[step.name].notebook == step.notebook
