"""Steps read no file that the cache does not know of: an audit hook listens in their kernels."""

import os
from pathlib import Path

import pytest

from recsys_lib import registry
from recsys_lib.cli import pipeline_steps
from recsys_lib.data.database import read_products
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.steps import Step
from recsys_lib.pipeline.table import select

LISTEN = """
import os, sys
def listen(event, arguments):
    if event in ("open", "sqlite3.connect") and isinstance(arguments[0], (str, bytes)):
        if event != "open" or not set(str(arguments[1] or "r")) & set("wax+"):
            os.write(LOG, os.fsencode(os.path.abspath(os.fsdecode(arguments[0]))) + b"\\n")
LOG = os.open(os.environ["OPENED_FILES"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
sys.addaudithook(listen)
"""
SMALL = {
    "etl": (),
    "als": ("als.factors=4", "als.iterations=2"),
    "embed": ("embed.max_tokens=8",),
    "evaluate": ("evaluate.sequence=off", "evaluate.search_queries=5"),
}


@pytest.fixture
def opened(workspace, tmp_path_factory, monkeypatch):
    """Run a step; returns the files of the workspace that its kernel opened for reading."""
    hooks = tmp_path_factory.mktemp("hooks")
    (hooks / "sitecustomize.py").write_text(LISTEN)
    monkeypatch.setenv("PYTHONPATH", str(hooks))

    def run(name, *assignments):
        log = hooks / name
        monkeypatch.setenv("OPENED_FILES", str(log))
        given = ["dataset=sample-300", *SMALL[name], *assignments]
        options = [word for text in given for word in ("--set", text)]
        assert main(pipeline_steps(), ["--steps", name, "--run-id", name, *options]) == 0
        paths = {Path(os.fsdecode(line)) for line in log.read_bytes().splitlines()}
        inside = {path for path in paths if path.is_relative_to(workspace) and path.is_file()}
        return {path for path in inside if path.name != "dataset.json"}  # which folder it is

    return run


def declared(step: Step, dataset: Dataset, version: str) -> list[Path]:
    """Files and folders that a step may read: those of the steps before it, and its own."""
    before = [other for other in pipeline_steps() if other.name in step.dependencies]
    return [path for one in (*before, step) for path in one.owned_paths(dataset, version)]


@pytest.mark.slow  # runs all real notebooks
def test_every_file_that_a_step_reads_is_declared(opened, workspace):
    dataset, judged = Dataset.find("sample-300"), workspace / "judged.csv"
    # Libraries that are not Python, such as polars, open files unheard: their paths are known here.
    # What the evaluation says about the champion is told in the notebook, and stored nowhere.
    always = [dataset.raw, dataset.models / "champion.json", judged]
    for step in select(pipeline_steps()):
        named = [f"evaluate.judgments={judged}"] if step.name == "evaluate" else []
        if named:
            title, item = read_products(dataset.database).select("title", "parent_asin").row(0)
            judged.write_text(f'query,item_id,rating\n"{title}",{item},3\n')
        read = opened(step.name, *named)
        known = {*always, *declared(step, dataset, step.name)}
        unknown = [path for path in read if not {path, *path.parents} & known]
        assert not unknown, step.name
        registry.promote(dataset, step.name) if step.version_folders else None
