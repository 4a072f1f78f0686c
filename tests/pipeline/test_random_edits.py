"""After any sequence of edits the cached run gives what a forced run in a fresh workspace gives."""

import importlib
import itertools
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recsys_lib
from recsys_lib.paths import Dataset
from recsys_lib.pipeline.execution.run import Run
from recsys_lib.pipeline.steps import Step
from tests.support.bench import Bench, files
from tests.support.in_process import run_in_process

ETL = """
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset
from recsys_lib.toy_outer import twice
folder = Dataset.find(dataset).processed
counts = {"users": 500, "items": 500, "products": 0}
write_json(folder / "summary.json", {"metrics": {"etl.value": twice()}, "counts": counts})
"""
TRAIN = """
import json
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset
folder = Dataset.find(dataset).processed
value = json.loads((folder / "summary.json").read_text())["metrics"]["etl.value"]
write_json(folder / "second.json", {"metrics": {"als.value": value * PLACE + factors}})
"""
MEASURE = """
import json
from pathlib import Path
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset
folder = Dataset.find(dataset).processed
value = json.loads((folder / "second.json").read_text())["metrics"]["als.value"]
judged = Path(judgments).read_text()
write_json(folder / "third.json", {"metrics": {"evaluate.value": value}, "judged": judged})
"""
OUTER = "from recsys_lib.toy_middle import CONSTANT\ndef twice():\n    return 2 * CONSTANT\n"
MIDDLE = "from recsys_lib.toy_inner import CONSTANT  # {}\n"
numbers = st.integers(1, 3)
EDITS = st.one_of(
    *(st.tuples(st.just(name), numbers) for name in ("inner", "outer", "comment", "notebook")),
    *(st.tuples(st.just(name), numbers) for name in ("data", "factors", "branch", "damage")),
    *(st.tuples(st.just(name), st.just(0)) for name in ("copy", "move", "copy code", "delete")),
)


@dataclass
class World:
    """A checkout, a workspace and a file of judged queries, each of which is edited."""

    root: Path
    factors: int = 4

    def __post_init__(self):
        self.counter = itertools.count()
        self.branches = {}
        self.judged = self.root / "judged.csv"
        self.judged.write_text("1")
        self.project, self.workspace = self.root / "project", self.root / "workspace"
        (self.project / "recsys_lib").mkdir(parents=True)
        self.workspace.mkdir()
        bench = Bench(self.project)
        bench.notebook("01", ETL)
        bench.notebook("03", MEASURE)
        for name, number in (("inner", 1), ("outer", 1), ("comment", 1), ("notebook", 1)):
            self.edit(name, number)

    def edit(self, name, number):
        code = self.project / "recsys_lib"
        match name:
            case "inner":
                (code / "toy_inner.py").write_text(f"CONSTANT = {number}\n")
            case "outer":
                (code / "toy_outer.py").write_text(OUTER.replace("2 *", f"{number} *"))
            case "comment":
                (code / "toy_middle.py").write_text(MIDDLE.format(number))
            case "notebook":
                Bench(self.project).notebook("02", TRAIN.replace("PLACE", str(10**number)))
            case "data":
                self.judged.write_text(str(number))
            case "factors":
                self.factors = number
            case "branch":
                self.switch(number)
            case "damage" | "delete":
                self.damage(number)
            case "copy" | "move":
                new = self.root / f"workspace-{next(self.counter)}"
                (shutil.copytree if name == "copy" else shutil.move)(self.workspace, new)
                self.workspace = new
            case "copy code":
                new = self.root / f"project-{next(self.counter)}"
                shutil.copytree(self.project, new)
                self.project = new

    def switch(self, number):
        """Keep the code as it is now under one name, and take what is kept under another."""
        kept = {path: path.read_bytes() for path in self.project.rglob("*.py")}
        names = {path.relative_to(self.project): text for path, text in kept.items()}
        self.branches[number % 3] = names
        for path, text in self.branches.get((number + 1) % 3, names).items():
            (self.project / path).write_bytes(text)

    def damage(self, number):
        """Flip a bit of an output, or remove it."""
        folder = self.workspace / "data" / "processed" / "sample"
        path = folder / ("summary.json", "second.json", "third.json")[number % 3]
        if not path.is_file():
            return
        if number:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        else:
            path.unlink()

    def run(self, workspace, *, force=False):
        """Run the three steps; returns the text of each output."""
        os.environ["RECSYS_HOME"] = str(workspace)
        recsys_lib.__path__[1:] = [str(self.project / "recsys_lib")]
        bench = Bench.__new__(Bench)
        bench.root = self.project
        bench.table = (
            Step("etl", "01", **files("summary")),
            Step("als", "02", needs=("etl",), **files("second")),
            Step("evaluate", "03", needs=("als",), **files("third")),
        )
        given = [f"als.factors={self.factors}", f"evaluate.judgments={self.judged}"]
        _, code, _ = bench.run(settings=given, force=force)
        assert code == 0
        folder = Dataset.find("sample").processed
        return {path.name: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def run_with_fresh_modules(source, output, parameters, *arguments, **options):
    """As a kernel does: what was imported before does not count."""
    for name in [name for name in sys.modules if name.startswith("recsys_lib.toy_")]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return run_in_process(source, output, parameters, *arguments, **options)


@pytest.fixture(scope="module")
def without_kernels():
    with pytest.MonkeyPatch.context() as patch:
        target = "recsys_lib.pipeline.execution.notebook.run_notebook"
        patch.setattr(target, run_with_fresh_modules)
        patch.setattr(Run, "_report", lambda run, record, code, progress: code)
        patch.setattr("recsys_lib.pipeline.execution.run.git_state", lambda _: {})
        patch.setattr("recsys_lib.pipeline.execution.run.environment", dict)
        patch.setattr(sys, "dont_write_bytecode", True)
        patch.setattr(recsys_lib, "__path__", [*recsys_lib.__path__])
        patch.setenv("RECSYS_HOME", "")
        yield


def check(edits):
    """Run after every edit, so that there is much to reuse, and compare at the end."""
    with TemporaryDirectory() as name:
        world = World(Path(name))
        world.run(world.workspace)
        for edit, number in edits:
            world.edit(edit, number)
            found = world.run(world.workspace)
        assert found == world.run(Path(name) / "fresh", force=True)


@pytest.mark.parametrize(
    "edits",
    [
        [("inner", 2), ("inner", 1), ("copy", 0), ("inner", 2)],
        [("data", 2), ("damage", 2), ("move", 0), ("data", 1)],
        [("branch", 1), ("outer", 3), ("branch", 2), ("factors", 1), ("delete", 0)],
    ],
)
def test_a_cached_run_equals_a_forced_one(without_kernels, edits):
    check(edits)


@pytest.mark.slow  # 200 sequences take minutes
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(EDITS, min_size=1, max_size=7))
def test_after_any_edits_a_cached_run_equals_a_forced_one(without_kernels, edits):
    check(edits)
