"""The console script ``recsys``: the pipeline, its runs, and the service."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recsys_lib.display.terminal import console, frame_table
from recsys_lib.errors import EXIT_INTERRUPTED, EXIT_OK, ParameterError, RecsysError
from recsys_lib.paths import SAMPLE, Dataset, outputs_root, project_root, workspace_root
from recsys_lib.pipeline import command
from recsys_lib.pipeline.options import add_arguments
from recsys_lib.pipeline.runs.comparison import Comparison
from recsys_lib.pipeline.runs.listing import (
    comparison_tables,
    parameters_table,
    runs_table,
)
from recsys_lib.pipeline.runs.retention import clean
from recsys_lib.pipeline.steps import Step
from recsys_lib.registry.versions import promote


def pipeline_steps() -> tuple[Step, ...]:
    """The table of steps that ``run_pipeline.py`` holds."""
    steps: tuple[Step, ...] = runpy.run_path(str(project_root() / "run_pipeline.py"))["STEPS"]
    return steps


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the commands; returns the exit code."""
    parser = argparse.ArgumentParser(prog="recsys", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the pipeline (the same as run_pipeline.py)")
    add_arguments(run)
    serve = commands.add_parser("serve", help="answer over HTTP from the trained models")
    serve.add_argument("--dataset", default=SAMPLE, help="whose models to serve")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on")
    _add_management(commands)
    options = parser.parse_args(arguments)
    try:
        return _COMMANDS[options.command](options)
    except RecsysError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _add_management(commands: Any) -> None:
    runs = commands.add_parser("runs", help="list the runs; a star marks what is served")
    runs.add_argument("--dataset", help="only runs of this dataset")
    compare = commands.add_parser("compare", help="parameters and metrics of runs side by side")
    compare.add_argument("runs", nargs="+", metavar="RUN", help="id of a run, or a part of it")
    clean = commands.add_parser("clean", help="remove old runs and their models")
    clean.add_argument("--keep", type=int, default=5, help="how many of each dataset to keep (5)")
    clean.add_argument("--dataset", help="only runs of this dataset")
    clean.add_argument("--dry-run", action="store_true", help="say what would go, and stop")
    download = commands.add_parser("download", help="fetch a published dataset into data/raw/")
    download.add_argument("name", help="such as amazon2023:Appliances or movielens:1m")
    download.add_argument("--base-url", default="", help="another place that has the same files")
    download.add_argument("--force", action="store_true", help="fetch it again")
    download.add_argument("--quiet", action="store_true", help="print failures only")
    doctor = commands.add_parser("doctor", help="say what is made of somebody's files")
    doctor.add_argument("what", choices=["data"], help="what to look at")
    doctor.add_argument("path", type=Path, help="a folder of files, or one file of ratings")
    export = commands.add_parser("export", help="write lists for all users and items as Parquet")
    export.add_argument("--dataset", default=SAMPLE, help="whose model")
    export.add_argument("--version", default="", help="of another run than the served one")
    export.add_argument("--n", type=int, default=10, help="length of the lists (10)")
    export.add_argument("--out", type=Path, help="folder (outputs/exports/DATASET/VERSION)")
    export.add_argument("--what", choices=["users", "items", "both"], default="both")
    export.add_argument(
        "--by",
        choices=["served", "als"],
        default="served",
        help="lists for users: what the recommender answers, or matrix factorization, much faster",
    )
    export.add_argument("--quiet", action="store_true", help="print failures only")
    params = commands.add_parser("params", help="list the parameters with range and meaning")
    params.add_argument("section", nargs="?", help="only those of this step")
    promote = commands.add_parser("promote", help="serve another version of the models")
    promote.add_argument("version", help="the id of the run that trained it")
    promote.add_argument("--dataset", default=SAMPLE, help="whose models")
    promote.add_argument("--force", action="store_true", help="even if it is worse beyond noise")


def _run(options: argparse.Namespace) -> int:
    return command.run_command(pipeline_steps(), options)


def _runs(options: argparse.Namespace) -> int:
    console().print(runs_table(workspace_root(), options.dataset))
    return EXIT_OK


def _compare(options: argparse.Namespace) -> int:
    if len(options.runs) < 2:
        raise ParameterError("name two runs or more: 'recsys runs' lists them")
    for table in comparison_tables(Comparison.from_names(outputs_root(), options.runs)):
        console().print(table, end="\n\n")
    return EXIT_OK


def _clean(options: argparse.Namespace) -> int:
    removal = clean(workspace_root(), options.keep, options.dataset, dry_run=options.dry_run)
    for path in removal.paths:
        print(path)
    verb = "would be removed" if options.dry_run else "removed"
    print(f"{len(removal.paths)} files and folders {verb}, {removal.freed / 2**20:,.1f} MB")
    return EXIT_OK


def _download(options: argparse.Namespace) -> int:
    from recsys_lib.data.download import download  # noqa: PLC0415  # slow to import

    download(options.name, base_url=options.base_url, force=options.force, quiet=options.quiet)
    return EXIT_OK


def _doctor(options: argparse.Namespace) -> int:
    from recsys_lib.data.doctor import inspect  # noqa: PLC0415  # slow to import

    finding = inspect(options.path)
    files, out = finding.inputs, console()
    out.print(f"layout: {files.layout}, times in {finding.unit}")
    for file in (*files.reviews, *files.products):
        out.print(f"  {file}")
    for frame in (finding.mapping(), finding.ratings, finding.products):
        if len(frame):
            out.print(frame_table(frame), end="\n\n")
    for bad in finding.rejected:
        out.print(f"rejected: {bad.file}, line {bad.line}: {bad.reason}")
    folder = options.path.parent if options.path.is_file() else options.path
    out.print(
        f"to load it, put this into a file for --config:\n\n"
        f"{finding.configuration(str(folder.resolve()))}"
    )
    return EXIT_OK


def _export(options: argparse.Namespace) -> int:
    from recsys_lib.serving.export import Export  # noqa: PLC0415  # slow to import

    dataset = Dataset.find(options.dataset)
    export = Export.from_version(dataset, options.version, options.n, options.out, options.by)
    export.run(options.what, console(quiet=options.quiet))
    return EXIT_OK


def _params(options: argparse.Namespace) -> int:
    console().print(parameters_table(options.section))
    return EXIT_OK


def _promote(options: argparse.Namespace) -> int:
    dataset = Dataset.find(options.dataset)
    promote(dataset, options.version, force=options.force)
    print(f"dataset {dataset.name}: version {options.version} is served now")
    return EXIT_OK


def _serve(options: argparse.Namespace) -> int:
    try:
        from recsys_lib.serving.http import serve  # noqa: PLC0415  # an extra, and slow to import
    except ModuleNotFoundError as error:
        raise ParameterError(
            f"{error.name} is not installed: pip install -c constraints.txt -e '.[api]'"
        ) from error
    serve(options.dataset, options.host, options.port)
    return EXIT_OK


_COMMANDS = {
    "run": _run,
    "serve": _serve,
    "runs": _runs,
    "compare": _compare,
    "clean": _clean,
    "download": _download,
    "doctor": _doctor,
    "export": _export,
    "params": _params,
    "promote": _promote,
}

if __name__ == "__main__":
    sys.exit(main())
