"""``.ci/install.py``: what it says while pip works, and when pip fails."""

import runpy
import sys

import pytest

from recsys_lib.paths import project_root

PIP = """#!/bin/sh
case "$*" in *"-m pip"*) ;; *) exit 0 ;; esac
echo "Collecting torch>=2"
echo "  Downloading torch-2.13.0-cp311-none-any.whl (202.5 MB)"
echo "Collecting rich"
echo "  Using cached rich-15.0-py3-none-any.whl (500 kB)"
{rest}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Run it with a pip that ends as told; returns the exit code."""

    def install(rest):
        program = tmp_path / "python"
        program.write_text(PIP.format(rest=rest))
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        monkeypatch.setattr(sys, "prefix", str(tmp_path))
        monkeypatch.setattr(sys, "argv", ["install.py", "[dev]"])
        return runpy.run_path(str(project_root() / ".ci" / "install.py"))["main"]()

    return install


def test_each_stage_is_a_line_with_its_time(install, capsys):
    assert install('echo "Installing collected packages: rich, torch"') == 0
    title, collecting, unpacking, compiling, end = capsys.readouterr().out.splitlines()
    assert title.startswith("Installing recsys-lib[dev] into ")
    assert collecting.split()[:5] == ["collecting", "2", "packages,", "203", "MB,"]
    assert unpacking.split()[0] == "unpacking"
    assert compiling.split()[0] == "compiling"
    assert end.split()[0] == "installed"


def test_a_failure_shows_the_end_of_the_log_and_where_it_is(install, capsys, tmp_path):
    assert install('echo "ERROR: No matching distribution" >&2; exit 1') == 1
    said = capsys.readouterr()
    assert "ERROR: No matching distribution" in said.err
    assert f"its whole log is {tmp_path / 'install.log'}" in said.err
    assert "Collecting rich" in (tmp_path / "install.log").read_text()
    assert "installed in" not in said.out
