"""The kernel of a step runs this Python and this checkout, whatever surrounds the user."""

import json
import sys

import pytest

from recsys_lib.pipeline.execution import _kernel_process
from recsys_lib.pipeline.execution._kernel_process import KernelProcess
from recsys_lib.pipeline.steps import Step
from tests.support.bench import WRITE

TELL = """
import os
import recsys_lib
profile = "intruder" in globals()
facts = {"python": sys.executable, "library": recsys_lib.__file__, "profile": profile}
(folder / "facts.json").write_text(json.dumps(facts))
"""


@pytest.fixture
def surroundings(tmp_path_factory, monkeypatch):
    """Another checkout in the working folder and $PYTHONPATH, and a user with settings."""
    home, other = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("other")
    (other / "recsys_lib").mkdir()
    (other / "recsys_lib" / "__init__.py").write_text("raise ImportError('another checkout')")
    startup = home / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("intruder = 1")
    spec = home / ".local" / "share" / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = ["/bin/false", "-f", "{connection_file}"]
    kernel = {"argv": argv, "display_name": "mine", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("IPYTHONDIR", str(home / ".ipython"))
    monkeypatch.setenv("JUPYTER_PATH", str(spec.parents[1]))
    monkeypatch.setenv("PYTHONPATH", str(other))
    monkeypatch.chdir(other)


def test_settings_of_the_user_change_nothing(kernel_bench, workspace, surroundings):
    step = kernel_bench.table[0]
    declared = (*step.produces, "{data}/facts.json")
    kernel_bench.table = (Step(step.name, step.notebook, produces=declared),)
    record, code, _ = kernel_bench.run("import sys" + WRITE + TELL)
    assert (code, record["steps"][0]["reason"]) == (0, "no earlier result on this dataset")
    facts = json.loads((workspace / "data/processed/sample/facts.json").read_text())
    assert facts["python"] == sys.executable
    assert facts["library"] == str(workspace / "recsys_lib" / "__init__.py")
    assert not facts["profile"]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"python": "/usr/bin/other"}, "the kernel runs /usr/bin/other, not"),
        ({"library": __file__}, "the kernel imports recsys_lib from"),
        ({"library": None}, "the kernel imports recsys_lib from nowhere"),
        (None, "did not report"),
    ],
)
def test_a_kernel_that_differs_is_an_error(workspace, facts, says):
    (workspace / "recsys_lib").mkdir()
    library = workspace / "recsys_lib" / "__init__.py"
    library.touch()
    with KernelProcess.prepared(workspace, 1) as process:
        if facts is not None:
            reported = {"python": sys.executable, "library": str(library), **facts}
            (process.folder / "report.json").write_text(json.dumps(reported))
        with pytest.raises(RuntimeError, match=says):
            process.check()


def test_the_kernel_gets_its_share_of_the_cores(workspace, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with KernelProcess.prepared(workspace, 3) as process:
        options = process.options()
    assert options["cwd"] == options["env"]["PYTHONPATH"] == str(workspace)
    assert {options["env"][name] for name in _kernel_process._THREAD_VARIABLES} == {"3"}
    assert not process.folder.exists()
