"""``recsys monitor``: what to do about a dataset, in words, as an exit code and as a page."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import ParameterError
from recsys_lib.paths import Dataset

if TYPE_CHECKING:
    from recsys_lib.parameters import MonitorParameters


def monitor(options: Namespace) -> int:
    """Print the findings, write the page, and return the exit code of the verdict."""
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.loop import monitor as look
    from recsys_lib.programs import runnable

    dataset = find_dataset(options.dataset)
    dataset.require()
    parameters = monitor_parameters(options.config, options.set)
    found = look(dataset, parameters)
    out = console()
    print_line(out, f"{dataset.name}: {found.verdict}", "bold")
    for finding in found.findings:
        if options.all or finding.verdict != "fine":
            print_line(out, runnable(str(finding)))
    found.save(dataset.monitored)
    code = found.exit_code
    del found  # the page is made in another process, which needs the memory
    if not options.no_page:
        print_line(out, f"{_write_page(dataset, parameters)}")
    return code


def monitor_parameters(config: Path | None, assignments: Sequence[str]) -> MonitorParameters:
    """The monitor's section of a file of parameters and of ``monitor.name=value`` texts."""
    from recsys_lib.parameters import MonitorParameters
    from recsys_lib.pipeline import read_settings
    from recsys_lib.pipeline.settings import sections_of

    others = [name for name in sections_of(assignments) if name != "monitor"]
    if others:
        raise ParameterError(f"--set {others[0]}.NAME has no effect here: set monitor.NAME")
    found = read_settings(config, assignments).sections["monitor"]
    if not isinstance(found, MonitorParameters):
        raise TypeError(f"section monitor holds {type(found).__name__}")
    return found


def _write_page(dataset: Dataset, parameters: MonitorParameters) -> Path:
    """Execute the notebook, and make it a page that needs no network."""
    from recsys_lib.paths import project_root
    from recsys_lib.pipeline.pages import notebook_page

    notebook = project_root() / "notebooks" / f"{parameters.notebook}.ipynb"
    values = {"dataset": dataset.argument, **parameters.model_dump()}
    folder = dataset.monitored.parent
    return notebook_page(notebook, folder, values, "the page of the monitor could not be made")
