"""``recsys benchmark``: list the benchmarks, or run one and print its table."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recsys_lib.errors import EXIT_OK, ParameterError

if TYPE_CHECKING:
    from recsys_lib.benchmark import Benchmark
    from recsys_lib.benchmark.run import BenchmarkRun
    from recsys_lib.parameters import AlsSettings, EvaluateParameters

_SECTIONS = ("evaluate", "als")
_WITHOUT_EFFECT = (
    "als.warm_start",
    "evaluate.judgments",
    "evaluate.judgment_columns",
    "evaluate.search_queries",
)


def benchmark(options: Namespace) -> int:
    """List the benchmarks, or run the named one."""
    from recsys_lib.benchmark import find_benchmark

    if options.name is None:
        _refuse_options(options)
        _print_list()
        return EXIT_OK
    chosen = find_benchmark(options.name)
    parameters, settings = _parameters(chosen, options.set)
    _check_target(options.json)

    from recsys_lib.benchmark.data import find_or_fetch
    from recsys_lib.benchmark.run import run_benchmark
    from recsys_lib.benchmark.table import as_json
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.files import write_json

    out = console()
    folder = find_or_fetch(chosen, options.data)
    run = run_benchmark(
        chosen, folder, parameters, settings, say=lambda text: print_line(out, f"{text} ...")
    )
    _print_run(run)
    if options.json is not None:
        write_json(options.json, as_json(run))
        print_line(out, f"\nwritten to {options.json}")
    return EXIT_OK


def _print_list() -> None:
    import polars as pl

    from recsys_lib.benchmark import BENCHMARKS
    from recsys_lib.benchmark.data import present
    from recsys_lib.display.terminal import console, frame_table

    def state(benchmark: Benchmark) -> str:
        folder = present(benchmark)
        if folder is not None:
            return f"found in {folder}"
        if benchmark.download:
            return f"fetched when it is run ({benchmark.download})"
        return f"{benchmark.files}: from {benchmark.where}"

    listed = [
        {"benchmark": one.name, "data": one.title, "needs": state(one)}
        for one in BENCHMARKS.values()
    ]
    console().print(frame_table(pl.DataFrame(listed)))


def _print_run(run: BenchmarkRun) -> None:
    from recsys_lib.benchmark import table
    from recsys_lib.benchmark.differences import differences
    from recsys_lib.display.terminal import console, frame_table, print_line

    out = console()
    print_line(out, f"\n{run.benchmark.title}: {run.data.size}")
    print_line(out, f"protocol: {run.benchmark.protocol}")
    print_line(out, f"{run.chosen.reason} {run.learned}\n")
    out.print(frame_table(table.table(run)))
    print_line(out, "\n> marks rows of this run; ± is half a 95 % bootstrap interval over users")
    print_line(out, f"time: {table.timing(run)}")
    print_line(out, f"popularity: {table.popularity(run)}")
    for heading, lines in (
        ("differences from the published protocol and data", differences(run)),
        ("sources", table.references(run)),
    ):
        if lines:
            print_line(out, f"\n{heading}:")
        for line in lines:
            print_line(out, f"- {line}")


def _parameters(
    chosen: Benchmark, assignments: Sequence[str]
) -> tuple[EvaluateParameters, AlsSettings]:
    """Those of the benchmark, then what ``--set`` says."""
    from recsys_lib.parameters import SECTIONS, AlsSettings, EvaluateParameters
    from recsys_lib.pipeline.settings import read_settings

    for assignment in assignments:
        name = assignment.partition("=")[0].strip()
        section = name.partition(".")[0]
        if section in (*SECTIONS, "dataset") and section not in _SECTIONS:
            raise ParameterError(
                f"--set {assignment!r}: a benchmark has data of its own (--data), so only "
                "evaluate.NAME and als.NAME can be set"
            )
        if name in _WITHOUT_EFFECT:
            raise ParameterError(f"--set {assignment!r}: {name} has no effect on a benchmark")
    sections = read_settings(None, [*chosen.assignments, *assignments]).sections
    evaluate, als = (sections[name] for name in _SECTIONS)
    if not isinstance(evaluate, EvaluateParameters) or not isinstance(als, AlsSettings):
        raise TypeError("sections evaluate and als hold other types")
    return evaluate, als


def _refuse_options(options: Namespace) -> None:
    given = [
        name
        for name, value in (
            ("--data", options.data),
            ("--set", options.set),
            ("--json", options.json),
        )
        if value
    ]
    if given:
        raise ParameterError(f"{given[0]} needs the name of a benchmark before it")


def _check_target(path: Path | None) -> None:
    """ParameterError before anything is computed, when the result could not be written."""
    if path is None:
        return
    if path.is_dir():
        raise ParameterError(f"--json {path} is a folder: name a file")
    if not path.absolute().parent.is_dir():
        raise ParameterError(f"--json: there is no folder {path.absolute().parent}: make it first")
