"""Search before a run ends: a version with static vectors, while nothing else is served."""

import shutil
from dataclasses import replace

import pytest

from recsys_lib import Recommender, registry
from recsys_lib.errors import NotTrainedError, ParameterError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.execution import _first_search
from recsys_lib.pipeline.execution._first_search import FirstSearch, build
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.pipeline.steps import Step, data_files, version_files
from recsys_lib.registry.history import change_champion
from tests.pipeline.test_what_is_served import MEASURE, PART
from tests.support.few_words import few_words

WORDS = "water filter for the kitchen coffee machine washing belt heating"
COPY = (
    "import shutil\nfrom pathlib import Path\nfrom recsys_lib.paths import Dataset\n"
    "folder = Dataset.find(dataset).processed\nfolder.mkdir(parents=True)\n"
    "for name in ('summary.json', 'recommender.db'):\n"
    "    shutil.copy(Path({!r}) / name, folder)"
)
WAIT = (
    "import time\nfrom recsys_lib import registry\n"
    "for _ in range(600):\n"
    "    if registry.champion(Dataset.find(dataset)):\n"
    "        break\n"
    "    time.sleep(0.2)\n"
    "before = registry.require_champion(Dataset.find(dataset)).name\n"
    "assert before == version + '-first', before"
)

UNTIL_TOLD = (
    "import time\nfrom recsys_lib.paths import outputs_root\n"
    "log = outputs_root(Dataset.find(dataset).root) / version / 'log.jsonl'\n"
    "for _ in range(600):\n"
    "    if 'no search before' in log.read_text():\n"
    "        break\n"
    "    time.sleep(0.2)\n"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return few_words(tmp_path_factory.mktemp("model") / "few-words", WORDS)


@pytest.fixture
def dataset(shop, workspace):
    """The data of the shop, of which nothing was trained yet."""
    found = Dataset.find("sample")
    shutil.copytree(shop.processed, found.processed)
    return found


def test_it_is_served_and_says_that_it_is_static(dataset, model):
    build(dataset, "one-first", EmbedParameters(model=str(model)))
    recommender = Recommender.load()
    assert recommender.version == "one-first"
    assert recommender.status()["similarity_search"]["ready"] == "static"
    found = recommender.search("washing machine", 5)
    assert any("wash" in title.lower() for title in found["title"])
    with pytest.raises(NotTrainedError):
        recommender.recommend("somebody", 5)
    assert registry.is_first_search(dataset, "one-first")


def test_it_answers_where_it_was_opened_before_it_was_removed(dataset, model):
    build(dataset, "one-first", EmbedParameters(model=str(model)))
    recommender = Recommender.load()
    shutil.rmtree(dataset.version("one-first"))
    assert len(recommender.search("washing machine", 5)) == 5


def test_it_does_not_replace_what_was_promoted_meanwhile(dataset, model):
    change_champion(dataset, "zero", reason="a person chose it", by="somebody")
    build(dataset, "one-first", EmbedParameters(model=str(model)))
    assert registry.champion(dataset).name == "zero"
    assert not dataset.version("one-first").exists()


def test_nothing_is_left_where_the_run_was_killed(dataset, model):
    build(dataset, "one-first", EmbedParameters(model=str(model)), lambda: False)
    assert registry.champion(dataset) is None
    assert not dataset.version("one-first").exists()


def test_a_killed_build_is_told(dataset, bench, model, monkeypatch):
    monkeypatch.setattr(_first_search, "_FEWEST_PRODUCTS", 1)
    settings = read_settings(None, [f"embed.model={model}"], project=bench.root)
    told = []
    first = FirstSearch(settings, "one", told.append)
    made = version_files("evaluation", "metrics.json")
    first.start([Step("evaluate", "04", ("etl",), produces=made)])
    first._process.kill()
    first._teller.join()
    first.stop()
    assert told == ["warning: no search before this run ends: exit code -9"]


def test_a_full_index_says_nothing_of_it(shop):
    assert "ready" not in Recommender.load(shop.version("v1")).status()["similarity_search"]
    assert not registry.is_first_search(shop, "v1")


@pytest.fixture
def steps(bench, shop, model, monkeypatch):
    """A project whose embed step waits until something is served."""
    monkeypatch.setattr(_first_search, "_FEWEST_PRODUCTS", 1)
    etl = replace(bench.table[0], may_write=data_files("recommender.db"))
    embed = Step("embed", "03", ("etl",), produces=version_files("search", "part.json"))
    made = version_files("evaluation", "metrics.json")
    bench.table = (etl, embed, Step("evaluate", "04", ("etl", "embed"), produces=made))
    bench.notebook("01", COPY.format(str(shop.processed)))
    bench.notebook("03", PART.format("search", 1), WAIT)
    bench.notebook("04", MEASURE)
    bench.settings = [f"embed.model={model}"]
    return bench


def run(steps, **options):
    return steps.run(settings=steps.settings, run_id="one", **options)


def versions():
    return registry.published_versions(Dataset.find("sample"))


@pytest.mark.slow
def test_it_is_served_until_the_run_ends(steps):
    record, code, folder = run(steps)
    assert (code, record["status"]) == (0, "succeeded")
    assert registry.require_champion(Dataset.find("sample")).name == "one"
    assert versions() == ["one"]
    assert [p.name for p in Dataset.find("sample").models.iterdir() if "first" in p.name] == []
    assert "search answers after" in (folder / "log.jsonl").read_text()


@pytest.mark.slow
def test_it_stays_if_the_run_fails_and_goes_with_the_next_one(steps):
    steps.notebook("04", "raise ValueError('no')")
    assert run(steps)[1] != 0
    assert registry.require_champion(Dataset.find("sample")).name == "one-first"
    steps.notebook("03", PART.format("search", 2))
    steps.notebook("04", MEASURE)
    code = steps.run(settings=steps.settings, run_id="two")[1]
    assert (code, versions()) == (0, ["two"])


def test_a_step_does_not_take_it_for_what_the_embed_step_makes(steps, dataset, model):
    build(dataset, "one-first", EmbedParameters(model=str(model)))
    with pytest.raises(ParameterError, match="step 'embed' must run first"):
        run(steps, chosen=steps.table[2:])


def test_a_version_without_search_does_not_take_it_over(dataset, shop, model):
    build(dataset, "one-first", EmbedParameters(model=str(model)))
    shutil.copytree(shop.version("v1") / "als", dataset.version("two") / "als")
    registry.publish(dataset, "two", serve=False)
    assert not (dataset.version("two") / "search").exists()


@pytest.mark.slow
def test_a_failure_is_a_note_not_the_end_of_the_run(steps):
    steps.notebook("03", PART.format("search", 1), UNTIL_TOLD)
    steps.settings = ["embed.model=/nowhere/at/all"]
    _, code, folder = run(steps)
    assert (code, versions()) == (0, ["one"])
    assert "no search before this run ends" in (folder / "log.jsonl").read_text()


@pytest.mark.parametrize(
    "case", ["served", "static", "few products", "nothing evaluated", "a name"]
)
def test_it_is_built_only_where_it_helps(dataset, bench, model, monkeypatch, case):
    def refuse(*_, **__):
        raise AssertionError("it was started")

    monkeypatch.setattr(_first_search, "_FEWEST_PRODUCTS", 10**6 if case == "few products" else 1)
    monkeypatch.setattr(_first_search.subprocess, "Popen", refuse)
    made = version_files("evaluation", "metrics.json")
    chosen = [Step("evaluate", "04", ("etl",), produces=made)]
    settings = read_settings(None, (), project=bench.root)
    if case == "served":
        build(dataset, "zero", EmbedParameters(model=str(model)))
    if case == "a name":
        (bench.root / "outputs" / "one-first").mkdir(parents=True)
    if case == "static":
        settings = read_settings(None, ["embed.backend=static"], project=bench.root)
    if case == "nothing evaluated":
        chosen = [Step("als", "02", ("etl",))]
    first = FirstSearch(settings, "one", print)
    first.start(chosen)
    first.stop()
