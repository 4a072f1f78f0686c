"""A small project of tiny notebooks, run without the command line."""

import json
from dataclasses import dataclass
from pathlib import Path

import nbformat

from recsys_lib.pipeline.execution.progress import RunProgress
from recsys_lib.pipeline.execution.run import Run
from recsys_lib.pipeline.runs.record import new_run_id
from recsys_lib.pipeline.settings import read_settings
from recsys_lib.pipeline.steps import Step, data_files

WRITE = """
import json
from pathlib import Path
from recsys_lib.paths import Dataset
folder = Dataset.find(dataset).processed
folder.mkdir(parents=True, exist_ok=True)
counts = {"users": 500, "items": 500, "products": 0}
summary = {"metrics": {"etl.kept": 7}, "counts": counts}
(folder / "summary.json").write_text(json.dumps(summary))
"""
USE = WRITE.replace("summary.json", "second.json")


def files(name):
    return {"produces": data_files(f"{name}.json"), "metrics": f"{name}.json"}


@dataclass
class Bench:
    """A project of two steps with tiny notebooks; the second needs the first."""

    root: Path
    timeout: float = 600

    def __post_init__(self):
        first = Step("etl", "01", **files("summary"), timeout=self.timeout)
        self.table = (first, Step("als", "02", needs=("etl",), **files("second")))
        self.notebook("02", USE)

    def notebook(self, name, *cells, prose="# Story"):
        """Write a notebook with a parameters cell and the given cells."""
        v4 = nbformat.v4
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        parameters = v4.new_code_cell("dataset = ''", metadata={"tags": ["parameters"]})
        codes = [v4.new_code_cell(cell) for cell in cells]
        book = v4.new_notebook(
            metadata={"kernelspec": kernel}, cells=[v4.new_markdown_cell(prose), parameters, *codes]
        )
        (self.root / "notebooks").mkdir(exist_ok=True)
        nbformat.write(book, self.root / "notebooks" / f"{name}.ipynb")

    def run(self, *cells, chosen=None, settings=(), **options):
        """Run with these cells in the first notebook: the stored record, the code, the folder."""
        if cells:
            self.notebook("01", *cells)
        options.setdefault("run_id", new_run_id())
        given = read_settings(None, settings, project=self.root)
        run = Run(self.table, chosen or self.table, given, **options)
        run.check()
        record, code = run.execute(RunProgress(quiet=True))
        stored = json.loads((run.folder / "run.json").read_text())
        assert stored["status"] == record.status
        return stored, code, run.folder


def statuses(record):
    return [step["status"] for step in record["steps"]]
