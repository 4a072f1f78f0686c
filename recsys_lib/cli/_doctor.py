"""The command ``recsys doctor``: what files hold, and the configuration that loads them."""

# ruff: noqa: PLC0415

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_lib.errors import EXIT_BAD_INPUT, EXIT_OK, ParameterError

if TYPE_CHECKING:
    from rich.console import Console

    from recsys_lib.data.doctor import FileFacts, Finding


def doctor(options: Namespace) -> int:
    """Print what each file holds, what a run would stop at, and a configuration.

    The exit code is 0 when the configuration can be run as it is.
    """
    from recsys_lib.data.doctor import inspect
    from recsys_lib.display.terminal import console
    from recsys_lib.pipeline.settings import read_settings

    if options.write and options.write.exists():
        raise ParameterError(f"{options.write} exists: remove it, or choose another name")
    etl = read_settings(options.config).etl if options.config else None
    finding, out = inspect(options.path, etl), console()
    shown: set[tuple[str, ...]] = set()
    for file in finding.files:
        names = tuple(column.name for column in file.columns)
        _print_file(out, file, with_columns=names not in shown)
        shown.add(names)
    _print_rows(out, finding)
    for problem in finding.problems:
        out.print(f"- {problem}", markup=False)
    _print_configuration(out, finding, options.write)
    if finding.is_complete:
        return EXIT_OK
    return finding.error.exit_code if finding.error else EXIT_BAD_INPUT


def _print_file(out: Console, file: FileFacts, *, with_columns: bool) -> None:
    from rich.text import Text

    from recsys_lib.display.terminal import print_line, text_table

    print_line(out, file.title(), "bold")
    if file.problem:
        print_line(out, f"  {file.problem}")
    table = text_table("column", "values", "read as")
    for column in file.columns:
        cells = (column.name, " · ".join(column.examples), column.meaning or "-")
        table.add_row(*map(Text, cells))
    if file.columns and with_columns:
        out.print(table, end="\n\n")


def _print_rows(out: Console, finding: Finding) -> None:
    from recsys_lib.display.terminal import frame_table

    if finding.inputs:
        times = f"times in {finding.unit}" if finding.inputs.has_times else "no times"
        out.print(f"layout: {finding.inputs.layout}, {times}")
    for frame in (finding.ratings, finding.products):
        if len(frame):
            out.print(frame_table(frame), end="\n\n")
    for bad in finding.rejected:
        out.print(f"- {bad.file}, line {bad.line} would be rejected: {bad.reason}", markup=False)


def _print_configuration(out: Console, finding: Finding, path: Path | None) -> None:
    from recsys_lib.files import replacing, writing

    what = "" if finding.is_complete else ", with the right value for each ?"
    if path is None:
        out.print(f"to load it, put this into a file for --config{what}:\n")
        out.print(finding.configuration(), markup=False)
        return
    with writing(path), replacing(path) as temporary:
        temporary.write_text(finding.configuration(), encoding="utf-8")
    out.print(f"written to {path}: use it with --config {path}{what}", markup=False)
