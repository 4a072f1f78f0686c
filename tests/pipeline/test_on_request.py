"""A step that runs only where it is named, such as the monitor."""

import pytest

from recsys_lib.pipeline.steps import Step, monitor_files
from recsys_lib.pipeline.table import select
from tests.support.bench import WRITE

LOOK = """
from recsys_lib.files import write_json
from recsys_lib.paths import Dataset
found = {"metrics": {"x": 1.0}, "sayings": ["fine"], "warnings": ["slow: see 'recsys runs'"]}
write_json(Dataset.find(dataset).monitored, found)
"""


@pytest.fixture
def watched(bench):
    """Two steps, and one on request that writes outside of the data and of the version."""
    files = monitor_files("monitor.json")
    on_request = Step(
        "monitor", "05", ("etl",), produces=files, metrics="monitor.json", on_request=True
    )
    bench.table = (*bench.table, on_request)
    bench.notebook("05", LOOK)
    return bench


def test_it_is_done_anew_each_time(watched):
    record, code, _ = watched.run(WRITE, chosen=select(watched.table))
    assert (code, [step["name"] for step in record["steps"]]) == (0, ["etl", "als"])
    for _ in range(2):
        record, code, folder = watched.run(chosen=watched.table[2:])
        (step,) = record["steps"]
        assert (code, step["status"]) == (0, "executed")
        assert step["warnings"] == ["slow: see 'recsys runs'"]
        assert step["outputs"][0]["path"] == "outputs/monitor/sample/monitor.json"
        assert (folder / "05.ipynb").is_file()


def test_it_must_write_its_file_anew(watched):
    watched.run(WRITE)
    watched.notebook("05", "1 + 1")
    record, code, _ = watched.run(chosen=watched.table[2:])
    assert code == 1
    assert "did not write" in record["steps"][0]["reason"]
