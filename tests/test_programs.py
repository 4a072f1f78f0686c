"""Commands in messages, as they are typed in this environment."""

import shlex
import sys

import pytest

from recsys_lib import programs

MESSAGE = (
    "run 'python run_pipeline.py --set dataset=x', then 'recsys promote VERSION' (recsys runs)"
)


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An environment of its own, which no shell finds yet."""
    folder = tmp_path / "my env" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "recsys"):
        (folder / name).touch(mode=0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return folder


def test_programs_that_a_shell_does_not_find_have_their_path(environment, monkeypatch):
    monkeypatch.chdir(environment.parent)
    assert programs.recsys() == "bin/recsys"
    assert programs.python() == "bin/python"
    said = programs.runnable(MESSAGE)
    assert "then 'bin/recsys promote VERSION' (recsys runs)" in said
    assert said.startswith("run 'bin/python /")
    monkeypatch.chdir(environment.parents[1])
    assert shlex.split(programs.recsys()) == ["my env/bin/recsys"]


def test_in_an_active_environment_their_names_are_enough(environment, monkeypatch):
    monkeypatch.setenv("PATH", str(environment))
    assert (programs.recsys(), programs.python()) == ("recsys", "python")
    monkeypatch.chdir(programs._PIPELINE.parent)
    assert programs.runnable(MESSAGE) == MESSAGE


def test_without_the_console_script_the_module_is_run(environment):
    (environment / "recsys").unlink()
    assert programs.recsys() == f"{programs.python()} -m recsys_lib.cli"
