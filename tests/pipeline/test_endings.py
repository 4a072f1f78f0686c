"""How a run ends when something around it fails after the work is done."""

import errno
import json
import subprocess
import sys

import pytest

from recsys_lib.errors import TrackingError
from recsys_lib.pipeline import command
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.runs import tracking
from tests.support.bench import WRITE


@pytest.fixture
def start(bench):
    """Run on the command line."""
    bench.notebook("01", WRITE)
    return lambda *options: main(bench.table, options, project=bench.root)


def stored(workspace, run_id):
    return json.loads((workspace / "outputs" / run_id / "run.json").read_text())


def raising(error):
    def fail(*_, **__):
        raise error

    return fail


def test_a_folder_in_the_place_of_the_link(start, workspace, capsys):
    (workspace / "outputs" / "latest").mkdir(parents=True)
    assert start("--run-id", "one") == 0
    assert stored(workspace, "one")["status"] == "succeeded"
    assert "latest does not lead to this run" in capsys.readouterr().out
    assert sorted(path.name for path in (workspace / "outputs").iterdir()) == ["latest", "one"]


def test_a_disk_that_is_full_when_the_report_is_written(start, workspace, capsys, monkeypatch):
    full = OSError(errno.ENOSPC, "No space left on device", "report.html")
    monkeypatch.setattr("recsys_lib.pipeline.report.write_report", raising(full))
    assert start("--run-id", "one") == 1
    said = capsys.readouterr().err
    assert "the report could not be written: report.html" in said
    assert "free space on this disk" in said
    assert stored(workspace, "one")["status"] == "succeeded"


def test_an_interruption_while_the_report_is_written(start, workspace):
    assert start("--run-id", "before") == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recsys_lib.pipeline.report.write_report", raising(KeyboardInterrupt))
        assert start("--run-id", "one") == 130
    assert stored(workspace, "one")["status"] == "interrupted"
    assert (workspace / "outputs" / "latest").resolve().name == "before"
    assert start("--resume") == 0
    assert stored(workspace, "one")["status"] == "succeeded"
    assert (workspace / "outputs" / "latest").resolve().name == "one"


@pytest.mark.parametrize(
    "error",
    [
        PermissionError(errno.EACCES, "Permission denied", "/w/run.json"),
        OSError(errno.ELOOP, "Too many levels of symbolic links", "/w/run.json"),
        OSError(errno.EIO, "Input/output error", "/w/run.json"),
    ],
)
def test_every_error_of_the_system_is_one_sentence(start, capsys, monkeypatch, error):
    monkeypatch.setattr("recsys_lib.pipeline.execution.run.next_number", raising(error))
    assert start() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "/w/run.json" in line
    assert error.strerror in line


def test_a_reader_of_the_output_that_leaves_does_not_end_the_run(workspace):
    """As in ``python run_pipeline.py | head -1``."""
    script = (
        "from recsys_lib.pipeline.execution.progress import RunProgress\n"
        "import sys\nprogress = RunProgress()\n"
        "for n in range(3000): progress.note('a line of words ' * 5)\n"
        "print('worked on', file=sys.stderr)"
    )
    piped = f'{sys.executable} -c "{script}" | head -1; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", piped], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "worked on\n")


class TestTrackingServerThatGoesDown:
    @pytest.fixture
    def server(self, monkeypatch):
        """Whether it is up, and the runs that it took."""
        state = {"up": False, "runs": []}

        def track(folder):
            if not state["up"]:
                raise TrackingError(f"run {folder.name}: MLflow refused it")
            state["runs"].append(folder.name)
            (folder / tracking._UNTRACKED).unlink(missing_ok=True)
            return folder.name

        monkeypatch.setattr(command, "track", track)
        monkeypatch.setattr(command, "check_tracking", lambda: None)
        monkeypatch.setattr(command, "register_champion", lambda dataset: "")
        return state

    def test_is_a_warning_and_the_next_run_makes_up_for_it(self, start, server, capsys):
        assert start("--mlflow", "--run-id", "one") == 0
        assert "warning: run one: MLflow refused it" in capsys.readouterr().out
        server["up"] = True
        assert start("--mlflow", "--run-id", "two") == 0
        assert server["runs"] == ["one", "two"]
        start("--mlflow", "--run-id", "three")
        assert server["runs"] == ["one", "two", "three"]
