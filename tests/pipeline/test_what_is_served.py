"""Which version is served after a run: one that was measured, and that nobody decided against."""

import pytest

from recsys_lib import registry
from recsys_lib.errors import ParameterError
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.steps import Step, version_files
from tests.support.bench import WRITE, statuses

PART = (
    "import numpy as np\nfrom recsys_lib.registry.parts import writing_part\n"
    "from recsys_lib.paths import Dataset\n"
    "options = {{'parameters': {{}}, 'data_fingerprint': '', 'libraries': []}}\n"
    "with writing_part(Dataset.find(dataset).version(version) / '{0}', **options) as folder:\n"
    "    np.save(folder / 'a.npy', np.full(3, {1}))"
)
MEASURE = (
    "from recsys_lib.files import write_json\nfrom recsys_lib.paths import Dataset\n"
    "place = Dataset.find(dataset).version(version) / 'evaluation'\n"
    "write_json(place / 'metrics.json', {'metrics': {'als.ndcg@10': 0.5}})"
)


@pytest.fixture
def shop(bench):
    """A project of four steps that was run once, as version ``one``."""
    etl = bench.table[0]
    als = Step("als", "02", ("etl",), produces=version_files("als", "part.json"))
    embed = Step("embed", "03", ("etl",), produces=version_files("search", "part.json"))
    made = version_files("evaluation", "metrics.json")
    evaluate = Step("evaluate", "04", ("etl", "als"), ("embed",), produces=made)
    bench.table = (etl, als, embed, evaluate)
    bench.notebook("02", PART.format("als", 1))
    bench.notebook("03", PART.format("search", 1))
    bench.notebook("04", MEASURE)
    bench.run(WRITE, run_id="one")
    assert served() == "one"
    return bench


def served():
    return registry.require_champion(Dataset.find("sample")).name


def chosen(bench, *names):
    return [step for step in bench.table if step.name in names]


def test_a_part_that_nobody_measured_is_not_served(shop):
    shop.notebook("02", PART.format("als", 2))
    record, code, _ = shop.run(chosen=chosen(shop, "als"), run_id="two")
    assert (code, record["status"], served()) == (0, "succeeded", "one")
    (warning,) = record["warnings"]
    assert "Not served: nobody measured its als part as they are now" in warning
    assert "recsys promote two --dataset sample" in warning


def test_nor_is_the_first_one(bench):
    bench.notebook("02", PART.format("als", 1))
    evaluate = Step("evaluate", "04", ("als",), produces=version_files("evaluation", "m.json"))
    bench.notebook("04", MEASURE)
    als = Step("als", "02", ("etl",), produces=version_files("als", "part.json"))
    bench.table = (bench.table[0], als, evaluate)
    bench.run(WRITE, chosen=bench.table[:2], run_id="one")
    assert registry.champion(Dataset.find("sample")) is None


@pytest.mark.parametrize("names", [("als", "embed", "evaluate"), ("als", "evaluate")])
def test_a_version_is_served_when_exactly_its_parts_were_measured(shop, names):
    shop.notebook("02", PART.format("als", 2))
    shop.run(chosen=chosen(shop, *names), run_id="two")
    assert served() == "two"


def test_a_version_that_did_not_change_is_served(shop):
    record, _, _ = shop.run(chosen=chosen(shop, "embed"), run_id="two")
    assert (statuses(record), served()) == (["cached"], "two")


class TestDecisionsOfPeople:
    @pytest.fixture
    def rolled_back(self, shop):
        """Version ``two`` was served, and then a person went back to ``one``."""
        shop.notebook("02", PART.format("als", 2))
        shop.run(run_id="two")
        assert served() == "two"
        registry.promote(Dataset.find("sample"), "one")
        return shop

    def test_a_repetition_from_the_cache_does_not_undo_a_rollback(self, rolled_back):
        record, code, _ = rolled_back.run(run_id="three")
        assert (code, set(statuses(record)), served()) == (0, {"cached"}, "one")
        assert "version one was promoted by hand" in record["warnings"][0]

    def test_new_models_do(self, rolled_back):
        rolled_back.notebook("02", PART.format("als", 3))
        rolled_back.run(run_id="three")
        assert served() == "three"

    def test_unless_the_version_is_pinned(self, rolled_back):
        registry.promote(Dataset.find("sample"), "one", pin=True)
        rolled_back.notebook("02", PART.format("als", 3))
        record, _, _ = rolled_back.run(run_id="three")
        assert served() == "one"
        assert "version one is pinned" in record["warnings"][0]
        registry.promote(Dataset.find("sample"), "three")
        assert served() == "three"


@pytest.mark.parametrize(("pin", "then"), [(True, "one"), (False, "three")])
def test_after_a_rollback_no_run_serves_what_it_left_unless_asked_to(shop, pin, then):
    shop.notebook("02", PART.format("als", 2))
    shop.run(run_id="two")
    registry.rollback(Dataset.find("sample"), pin=pin)
    shop.notebook("02", PART.format("als", 3))
    record, _, _ = shop.run(run_id="three")
    assert served() == then
    assert [warning[:34] for warning in record["warnings"]] == (
        ["Not served: version one is pinned;"] if pin else []
    )


def test_an_empty_champion_file_is_mended_by_a_promotion(shop):
    dataset = Dataset.find("sample")
    (dataset.models / "champion.json").write_text("")
    registry.promote(dataset, "one")
    assert served() == "one"


class TestParametersOfStepsThatDoNotRun:
    def test_they_are_refused(self, shop, capsys):
        options = ["--steps", "evaluate", "--set", "als.factors=99"]
        assert main(shop.table, options, project=shop.root) == 2
        assert "step 'als' is not run, so its parameters have no effect" in capsys.readouterr().err
        grid = ["--steps", "evaluate", "--grid", "als.factors=8,16"]
        assert main(shop.table, grid, project=shop.root) == 2

    def test_the_record_says_with_which_ones_the_parts_were_made(self, shop):
        shop.run(settings=["als.factors=8"], run_id="two")
        record, _, _ = shop.run(chosen=chosen(shop, "evaluate"), run_id="three")
        assert record["parameters"]["als"]["factors"] == 8
        assert record["changed_parameters"] == ["als.factors"]


def test_the_last_line_says_what_is_served(shop, capsys):
    assert main(shop.table, ["--run-id", "two"], project=shop.root) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "served now: two, this run"
    registry.promote(Dataset.find("sample"), "one", pin=True)
    assert main(shop.table, ["--run-id", "three"], project=shop.root) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "served now: one, not this run"


class TestResuming:
    @pytest.fixture
    def unfinished(self, bench):
        bench.notebook("02", "1 / 0")
        bench.run(WRITE, run_id="broken")
        return bench

    def test_several_datasets_are_not_mixed_up(self, unfinished, capsys):
        unfinished.run(WRITE, run_id="other", settings=["dataset=sample-50"])
        assert main(unfinished.table, ["--resume"], project=unfinished.root) == 2
        said = capsys.readouterr().err
        assert "broken of sample" in said
        assert "other of sample-50" in said
        options = ["--resume", "--set", "dataset=sample", "--plan"]
        assert main(unfinished.table, options, project=unfinished.root) == 0
        assert "dataset sample:" in capsys.readouterr().out

    def test_a_run_that_works_now_is_not_taken(self, unfinished, monkeypatch):
        from recsys_lib.pipeline.runs import stored

        monkeypatch.setattr(stored, "is_worked_on", lambda models: True)
        outputs = unfinished.root / "outputs"
        assert stored.unfinished_run(outputs)["run_id"] == "broken"
        monkeypatch.setattr(stored, "RUNNING", "failed")
        with pytest.raises(ParameterError, match="no unfinished run"):
            stored.unfinished_run(outputs)
