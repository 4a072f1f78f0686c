"""The runner on tiny notebooks, each with one fate."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest

from recsys_lib.cli import pipeline_steps
from recsys_lib.errors import LockedError, ParameterError
from recsys_lib.paths import Dataset, project_root
from recsys_lib.pipeline.command import main
from recsys_lib.pipeline.execution.run import Run
from recsys_lib.pipeline.steps import Step, data_files, version_files
from recsys_lib.registry.in_use import only_run
from tests.support.bench import USE, WRITE, files, statuses

PROJECT = project_root()
HOLD = """
from recsys_lib.paths import Dataset
from recsys_lib.registry.in_use import only_run
with only_run(Dataset.find("sample")):
    print("held", flush=True)
    input()
"""
WRITE_PART = (
    "import numpy as np\nfrom recsys_lib.registry.parts import writing_part\n"
    "from recsys_lib.paths import Dataset\n"
    "options = {'parameters': {}, 'data_fingerprint': '', 'libraries': []}\n"
    "with writing_part(Dataset.find(dataset).version(version) / 'als', **options) as folder:\n"
    "    np.save(folder / 'a.npy', np.zeros(1))"
)
READ = (
    "from recsys_lib.files import write_json\ndata = Dataset.find(dataset)\n"
    "newest = max(data.models.glob('*/'), key=lambda p: p.stat().st_mtime, default=data.models)\n"
    "found = int((newest / 'als' / 'part.json').is_file())\n"
    "write_json(data.processed / 'third.json', {'metrics': {'found': found}})"
)
FAIL = "from recsys_lib.errors import {0}\nraise {0}('no good')"


TRAIN = Step("als", "02", needs=("etl",), produces=version_files("als", "part.json"))


def test_success_is_recorded_and_linked(kernel_bench, workspace):
    record, code, folder = kernel_bench.run(WRITE)
    assert (code, record["status"]) == (0, "succeeded")
    first = record["steps"][0]
    assert first["status"] == "executed"
    assert first["metrics"] == record["metrics"] == {"etl.kept": 7}
    assert 0 < first["startup_seconds"] < first["seconds"]
    assert first["peak_memory_mb"] > 10
    assert len(first["outputs"][0]["sha256"]) == 64
    assert {"commit", "dirty"} == set(record["git"])
    assert record["environment"]["packages"]["torch"]
    assert (workspace / "outputs/latest").resolve() == folder
    assert (folder / "01.ipynb").is_file()
    assert "etl" in (folder / "report.html").read_text()


def test_steps_that_do_not_need_each_other_run_side_by_side(bench):
    """Each of the two waits for the other: one after the other, neither would end."""
    wait = "for _ in range(200):\n    time.sleep(0.1)\n    if (folder / other).exists(): break"
    check = "else:\n    raise RuntimeError('alone')"
    for number, mine, other in (("02", "second", "third"), ("03", "third", "second")):
        begin = USE.replace("second.json", f"{mine}.json")
        bench.notebook(number, f"{begin}\nimport time\nother = '{other}.json'\n{wait}\n{check}")
    third = Step("embed", "03", needs=("etl",), **files("third"))
    bench.table = (*bench.table, third)
    record, code, _ = bench.run(WRITE, jobs=2)
    assert (code, statuses(record)) == (0, ["executed"] * 3)


@pytest.mark.slow
def test_cores_are_shared_except_by_the_step_that_gets_all(kernel_bench, monkeypatch):
    monkeypatch.setattr("recsys_lib.pipeline.execution._step.processors", lambda: 4)
    tell = USE.replace('"etl.kept": 7', "'threads': int(os.environ['OMP_NUM_THREADS'])")
    for number, name in (("02", "second"), ("03", "third")):
        kernel_bench.notebook(number, "import os" + tell.replace("second.json", f"{name}.json"))
    third = Step("embed", "03", needs=("etl",), **files("third"), all_cores=True)
    kernel_bench.table = (*kernel_bench.table, third)
    record, code, _ = kernel_bench.run(WRITE, jobs=2)
    assert code == 0
    assert [step["metrics"].get("threads") for step in record["steps"]] == [None, 2, 4]


@pytest.mark.parametrize(
    ("cell", "code", "reason"),
    [
        ("1 / 0", 1, "ZeroDivisionError: division by zero"),
        (FAIL.format("InputDataError"), 3, "InputDataError: no good"),
        (FAIL.format("ParameterError"), 2, "ParameterError: no good"),
        ("done = True", 1, "missing or empty"),
        (WRITE + "(folder / 'summary.json').write_text('')", 1, "missing or empty"),
        (
            WRITE + "(folder / 'extra.csv').write_text('x')",
            1,
            "extra.csv was written, but no step",
        ),
    ],
)
def test_failure_is_recorded_and_the_notebook_kept(bench, workspace, cell, code, reason):
    record, ended, folder = bench.run(cell)
    assert (ended, record["status"]) == (code, "failed")
    first, second = record["steps"]
    assert first["status"] == "failed"
    assert reason in first["reason"]
    assert (second["status"], second["reason"]) == ("skipped", "step etl did not succeed")
    assert (folder / "01.ipynb").is_file()
    assert (folder / "report.html").is_file()


def test_a_notebook_without_a_parameters_cell_is_refused_before_a_kernel_starts(bench, workspace):
    bench.run(WRITE)
    path = workspace / "notebooks" / "02.ipynb"
    path.write_text(path.read_text().replace('"parameters"', '"other"'))
    with pytest.raises(ParameterError, match=r"02\.ipynb has 0 cells with the tag 'parameters'"):
        bench.run()
    assert len(list(workspace.glob("outputs/2*"))) == 1


def test_a_run_id_is_used_once(bench):
    bench.run(WRITE, run_id="nightly")
    with pytest.raises(ParameterError, match="nightly"):
        bench.run(WRITE, run_id="nightly")


@pytest.mark.parametrize("run_id", ["latest", "../x"])
def test_a_run_id_is_a_plain_name(bench, run_id):
    with pytest.raises(ParameterError, match="plain"):
        bench.run(WRITE, run_id=run_id)


def test_a_step_without_its_inputs_is_refused(bench):
    with pytest.raises(ParameterError, match="step 'etl' must run first"):
        bench.run(WRITE, chosen=bench.table[1:])


def test_a_step_without_anything_to_work_on_is_skipped(bench, capsys):
    third = Step("embed", "03", needs=("etl",), skip_unless="products", **files("third"))
    bench.table = (*bench.table, third)
    bench.notebook("03", "1 / 0")
    record, code, folder = bench.run(WRITE)
    assert (code, record["status"]) == (0, "succeeded")
    assert statuses(record) == ["executed", "executed", "skipped"]
    assert record["steps"][2]["reason"] == "the dataset has no products"
    assert "the dataset has no products" in (folder / "report.html").read_text()


def test_what_the_data_lacks_is_left_out_of_a_notebook_and_of_its_outputs(bench, workspace):
    step = Step(
        "evaluate",
        "03",
        needs=("etl",),
        **files("third"),
        also_produces=data_files("more.json"),
        also_if="products",
        skip_unless=("products", "users"),
    )
    bench.table = (*bench.table, step)
    bench.notebook("03", "1 / 0", USE.replace("second.json", "third.json"))
    path = workspace / "notebooks" / "03.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[2].metadata["tags"] = ["needs-products"]
    nbformat.write(book, path)
    record, code, folder = bench.run(WRITE)
    assert (code, statuses(record)) == (0, ["executed"] * 3)
    assert [Path(output["path"]).name for output in record["steps"][2]["outputs"]] == ["third.json"]
    ran = nbformat.read(folder / "03.ipynb", as_version=4)
    assert "no products" in ran.cells[2].source
    assert statuses(bench.run()[0]) == ["cached"] * 3
    record, code, _ = bench.run(WRITE.replace('"products": 0', '"products": 5'))
    assert (code, statuses(record)[2]) == (1, "failed")
    assert "ZeroDivisionError" in record["steps"][2]["reason"]


def test_a_count_that_the_etl_does_not_have_is_refused(bench):
    step = Step("embed", "02", needs=("etl",), **files("third"), skip_unless=("products", "cats"))
    bench.table = (*bench.table, step)
    with pytest.raises(ParameterError, match="skip_unless 'cats' is no count of the ETL"):
        bench.run(WRITE)


def test_a_step_waits_for_an_optional_need(bench):
    """The third step takes a while, and what uses it comes after it; alone it runs, too."""
    slow = USE.replace("second.json", "third.json") + "\nimport time; time.sleep(0.3)"
    bench.notebook("03", slow)
    third = Step("embed", "03", needs=("etl",), **files("third"))
    using = Step("evaluate", "04", needs=("etl",), optional_needs=("embed",), **files("fourth"))
    bench.notebook("04", USE.replace("second.json", "fourth.json"))
    bench.table = (*bench.table, third, using)
    record, code, _ = bench.run(WRITE, jobs=4)
    assert (code, statuses(record)) == (0, ["executed"] * 4)
    by_name = {step["name"]: step for step in record["steps"]}
    assert by_name["evaluate"]["started_at"] > by_name["embed"]["started_at"]
    assert "{data}/third.json" in by_name["evaluate"]["cache_key"]["inputs"]
    alone = (bench.table[0], bench.table[3])
    record, code, _ = bench.run(chosen=alone, force=True)
    assert (code, statuses(record)) == (0, ["executed"] * 2)


@pytest.mark.slow
def test_a_run_can_wait_for_another_one(bench):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    holder = subprocess.Popen([sys.executable, "-c", HOLD], **pipes)
    assert holder.stdout.readline() == "held\n"
    threading.Timer(0.5, holder.kill).start()
    assert bench.run(WRITE, wait=True)[1] == 0
    holder.wait()


def test_models_of_a_run_that_does_not_serve_are_sealed_but_not_served(bench):
    from recsys_lib import registry

    dataset = Dataset.find("sample")
    bench.notebook("02", WRITE_PART)
    bench.table = (
        bench.table[0],
        TRAIN,
    )
    assert bench.run(WRITE, serve=False, run_id="quiet")[1] == 0
    assert registry.champion(dataset) is None
    registry.promote(dataset, "quiet")
    assert registry.require_champion(dataset).name == "quiet"


def test_models_worse_than_those_served_are_sealed_but_not_served(bench, monkeypatch):
    from recsys_lib import registry
    from recsys_lib.registry import Verdict

    def worse(dataset, version):
        return Verdict("worse", "one", "ndcg@10", 500, -0.02, -0.03, -0.01, 1e-4)

    bench.notebook("02", WRITE_PART)
    bench.table = (
        bench.table[0],
        TRAIN,
    )
    assert bench.run(WRITE, run_id="one")[1] == 0
    monkeypatch.setattr("recsys_lib.registry.promotion.against_champion", worse)
    record, code, _ = bench.run(WRITE, run_id="two", force=True)
    assert (record["status"], code) == ("succeeded", 0)
    assert registry.require_champion(Dataset.find("sample")).name == "one"
    (warning,) = record["warnings"]
    assert "worse than one, which is served: ndcg@10 differs by -0.0200" in warning
    assert "recsys promote two --dataset sample --force" in warning


@pytest.mark.parametrize("champion_has_it", [True, False])
def test_an_optional_need_is_waited_for_but_not_demanded(bench, champion_has_it):
    """It comes from the champion where it has it, and is left out where not."""
    bench.notebook("02", WRITE_PART)
    bench.notebook("03", "from recsys_lib.paths import Dataset", READ)
    als = TRAIN
    reader = Step("embed", "03", ("etl",), ("als",), **files("third"))
    bench.table = (bench.table[0], als, reader)
    chosen = [bench.table[0], als] if champion_has_it else [bench.table[0]]
    assert bench.run(WRITE, chosen=chosen)[1] == 0
    _, code, _ = bench.run(chosen=[reader])
    assert code == 0
    seen = json.loads((Dataset.find("sample").processed / "third.json").read_text())
    assert seen["metrics"]["found"] == champion_has_it
    record, code, _ = bench.run(chosen=[als, reader], jobs=2, force=True)
    assert (code, statuses(record)) == (0, ["executed"] * 2)
    seen = json.loads((Dataset.find("sample").processed / "third.json").read_text())
    assert seen["metrics"]["found"] == 1


def test_a_second_run_of_the_dataset_is_refused_and_a_dead_one_is_not_in_the_way(bench):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    holder = subprocess.Popen([sys.executable, "-c", HOLD], **pipes)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LockedError, match=f"process {holder.pid}"):
        bench.run(WRITE)
    holder.kill()
    holder.wait()
    assert bench.run(WRITE)[1] == 0
    with only_run(Dataset.find("other")):
        assert bench.run()[1] == 0


def test_a_resumed_run_of_a_sweep_is_still_not_served(bench, workspace, monkeypatch):
    bench.notebook("02", "1 / 0")
    record, _, _ = bench.run(WRITE, run_id="try-01", serve=False)
    assert record["serve"] is False
    seen = []
    monkeypatch.setattr(Run, "execute", lambda run, _: seen.append(run.serve) or sys.exit(0))
    with pytest.raises(SystemExit):
        main(bench.table, ["--resume"], project=bench.root)
    assert seen == [False]


def test_the_log_has_an_event_a_line(bench):
    _, _, folder = bench.run(WRITE)
    events = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [e["event"] for e in events if "step" in e["event"]] == ["step started", "step done"] * 2
    assert {"time", "step", "cell", "cells"} <= set(events[1])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--steps", "embd"], 2, "did you mean 'embed'"),
        (["--nonsense"], 2, "--nonsense"),
        (["--set", "dataset=/nowhere"], 3, "/nowhere"),
        (["--plan"], 0, "als        run     after etl"),
        (["--jobs", "0"], 2, "--jobs must be at least 1"),
        (["--resume"], 2, "no unfinished run"),
        (["--resume", "--set", "als.factors=3"], 2, "leave out --set, --config"),
        (["--steps", "evaluate"], 2, "step 'etl' must run first"),
    ],
)
def test_exit_codes_before_a_kernel_starts(workspace, capsys, arguments, code, says):
    try:
        ended = main(pipeline_steps(), arguments)
    except SystemExit as leaving:  # of argparse
        ended = leaving.code
    assert ended == code
    told = capsys.readouterr()
    assert says in told.out + told.err
    assert not list(workspace.glob("outputs/*"))


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [(["--set", "als.factor=1"], 2, "did you mean 'factors'"), (["--help"], 0, "--resume")],
)
def test_the_script_is_the_same_command_from_any_folder(workspace, arguments, code, says):
    done = subprocess.run(
        [sys.executable, str(PROJECT / "run_pipeline.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=workspace,
        check=False,
    )
    assert done.returncode == code
    assert says in done.stdout + done.stderr
    assert not list(workspace.glob("outputs/*"))
