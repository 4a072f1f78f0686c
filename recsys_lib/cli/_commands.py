"""What the commands do. Each imports what it needs, so that help and errors come at once."""

# ruff: noqa: PLC0415

from __future__ import annotations

import errno
import runpy
import socket
import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_lib.arguments import Parser
from recsys_lib.cli._names import find_dataset, find_version, name_with_runs
from recsys_lib.errors import EXIT_OK, ArtifactError, ParameterError
from recsys_lib.paths import SAMPLE, Dataset, outputs_root, project_root, workspace_root

if TYPE_CHECKING:
    from recsys_lib.pipeline import Step

ONLY_RUNS = "only runs of this dataset (default: all)"


def pipeline_steps() -> tuple[Step, ...]:
    """The table of steps in ``run_pipeline.py``."""
    steps: tuple[Step, ...] = runpy.run_path(str(project_root() / "run_pipeline.py"))["STEPS"]
    return steps


def declare_run(parser: Parser) -> None:
    """The options of ``run_pipeline.py``."""
    from recsys_lib.pipeline import add_arguments

    add_arguments(parser, pipeline_steps())


def run(options: Namespace) -> int:
    """Run the pipeline."""
    from recsys_lib.pipeline import run_command

    return run_command(pipeline_steps(), options)


def runs(options: Namespace) -> int:
    """Print a table of runs."""
    from recsys_lib.display.terminal import console
    from recsys_lib.pipeline.runs import runs_table

    table, problems = runs_table(workspace_root(), name_with_runs(options.dataset))
    console().print(table)
    for problem in problems:
        print(problem, file=sys.stderr)
    _say_damaged()
    return ArtifactError.exit_code if problems else EXIT_OK


def compare(options: Namespace) -> int:
    """Print what differs between runs."""
    from recsys_lib.display.terminal import console
    from recsys_lib.pipeline.runs import Comparison, comparison_tables

    if len(options.runs) < 2:
        raise ParameterError("name two runs or more: 'recsys runs' lists them")
    for table in comparison_tables(Comparison.from_names(outputs_root(), options.runs)):
        console().print(table, end="\n\n")
    _say_damaged()
    return EXIT_OK


def _say_damaged() -> None:
    """Name the records of runs that were left out since they cannot be read."""
    from recsys_lib.pipeline.runs import damaged_records

    for text in damaged_records(outputs_root()):
        print(text, file=sys.stderr)


def declare_clean(parser: Parser) -> None:
    """The options of ``recsys clean``."""
    from recsys_lib.parameters import KEEP_CHANGES, KEEP_RUNS

    parser.add_argument(
        "--keep",
        type=int,
        default=KEEP_RUNS,
        metavar="N",
        help=f"keep N runs of a dataset (default: {KEEP_RUNS})",
    )
    parser.add_argument(
        "--keep-changes",
        type=int,
        default=KEEP_CHANGES,
        metavar="N",
        help="also keep what was served within the last N changes of champion, for 'recsys "
        f"rollback' (default: {KEEP_CHANGES})",
    )
    parser.add_argument("--dataset", help=ONLY_RUNS)
    parser.add_argument("--dry-run", action="store_true", help="only print what would be removed")


def clean(options: Namespace) -> int:
    """Remove old runs, and print what was removed."""
    from recsys_lib.pipeline.runs import clean as remove_runs

    dataset = name_with_runs(options.dataset)
    removal = remove_runs(
        workspace_root(),
        options.keep,
        dataset,
        changes=options.keep_changes,
        dry_run=options.dry_run,
    )
    for path in removal.paths:
        print(path)
    verb = "would be removed" if options.dry_run else "removed"
    print(f"{len(removal.paths)} files and folders {verb}, {removal.freed / 2**20:,.1f} MB")
    if removal.kept:
        print(f"kept for 'recsys rollback' or as the challenger: {', '.join(removal.kept)}")
    _say_damaged()
    return EXIT_OK


def export(options: Namespace) -> int:
    """Write lists for everybody."""
    from recsys_lib import registry
    from recsys_lib.display.terminal import console
    from recsys_lib.serving.export import Export
    from recsys_lib.spark.cluster import SPARK

    if options.spark and options.engine != SPARK:
        raise ParameterError("--spark goes with --engine spark")

    def trained(dataset: Dataset) -> list[str]:
        folders = sorted(dataset.models.glob("[!.]*"))
        return [path.name for path in folders if registry.has_part(path, registry.ALS_PART)]

    if options.version:
        dataset, version = find_version(options.version, options.dataset, trained)
    else:
        dataset, version = find_dataset(options.dataset or SAMPLE), ""
    since = options.changed_since
    if since:
        _, since = find_version(since, dataset.argument, trained)
    job = Export.from_version(
        dataset,
        version,
        options.n,
        options.out,
        options.by,
        since,
        rules=not options.no_rules,
        log=options.log,
        spark=dict(options.spark) if options.engine == SPARK else None,
    )
    terminal = console(quiet=options.quiet)
    paths = job.run(options.what, terminal)
    if options.database:
        for table, n_rows in _write(paths, options.database, only_changed=bool(since)).items():
            terminal.print(f"{n_rows:,} rows in table {table}")
    return EXIT_OK


def _write(paths: list[Path], database: str, *, only_changed: bool) -> dict[str, int]:
    """Write lists into a database."""
    from recsys_lib.data.queries.address import Address

    try:
        from recsys_lib.serving.export.database import write_to_database
    except ImportError as error:
        raise ParameterError(
            "--database needs SQLAlchemy: pip install 'recsys-lib[sql]'"
        ) from error
    return write_to_database(paths, Address(database), only_changed=only_changed)


def serve(options: Namespace) -> int:
    """Answer over HTTP until interrupted."""
    dataset = find_dataset(options.dataset)
    _check_address(options.host, options.port)
    try:
        from recsys_lib.serving.http import serve as answer
    except ModuleNotFoundError as error:
        raise ParameterError(
            f"{error.name} is not installed: pip install -c constraints.txt -e '.[api]'"
        ) from error
    ways = (options.share is not None) + options.interleave
    if ways > 1 or bool(options.challenger) != bool(ways):
        raise ParameterError(
            "--challenger goes with --share or with --interleave: --challenger RUN --share 0.1"
        )
    challenger = ""
    if options.challenger:
        from recsys_lib import registry

        _, challenger = find_version(
            options.challenger, dataset.argument, registry.published_versions
        )
    answer(
        dataset.argument,
        options.host,
        options.port,
        feedback=not options.no_feedback,
        challenger=challenger,
        share=1.0 if options.interleave else options.share or 0.0,
        interleave=options.interleave,
        explore=options.explore,
    )
    return EXIT_OK


def download(options: Namespace) -> int:
    """Fetch a published dataset."""
    from recsys_lib.data.download import download as fetch

    fetch(options.name, base_url=options.base_url, force=options.force, quiet=options.quiet)
    return EXIT_OK


def params(options: Namespace) -> int:
    """Print a table of parameters."""
    from recsys_lib.display.terminal import console
    from recsys_lib.pipeline.runs import parameters_table

    console().print(parameters_table(options.section))
    return EXIT_OK


def _check_address(host: str, port: int) -> None:
    """Try to listen before anything is loaded; ParameterError says why that fails."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        raise ParameterError(_address_problem(error, host, port)) from error


def _address_problem(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use: stop the program that uses it, or choose another "
            f"port, for example --port {port + 1 if port < 65535 else port - 1}"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs the rights of an administrator: choose --port 1024 or higher"
    return f"--host {host} is not an address of this machine: choose 127.0.0.1 or 0.0.0.0"
