"""``recsys retrain``: train where there is something to learn, and go back where that was wrong."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import argparse
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from recsys_lib import registry
from recsys_lib.cli._commands import pipeline_steps
from recsys_lib.cli._monitor import monitor_parameters
from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import (
    EXIT_OK,
    EXIT_REFUSED,
    EXIT_ROLL_BACK,
    ParameterError,
    QueryError,
    ThinSupportError,
)
from recsys_lib.files import read_json
from recsys_lib.paths import SUMMARY_FILE, Dataset, outputs_root
from recsys_lib.programs import runnable

if TYPE_CHECKING:
    from collections.abc import Callable

    from recsys_lib.pipeline import Settings

_WATCH = "watch"


def retrain(options: Namespace) -> int:
    """Train, unless there is nothing new; the exit code says whether that version is served."""
    settings = _settings(options)
    dataset = settings.dataset.claim()
    if options.watch:
        if options.force:
            raise ParameterError("--watch trains nothing: leave out --force")
        return _watch(options, dataset)
    from recsys_lib.pipeline.retraining import only_retraining

    with only_retraining(dataset, wait=options.wait):
        return _retrain(options, settings, dataset)


def _retrain(options: Namespace, settings: Settings, dataset: Dataset) -> int:
    from recsys_lib.pipeline.retraining import reasons_to_train
    from recsys_lib.updating import take_log

    say = _speaker(options)
    loaded = (dataset.processed / SUMMARY_FILE).is_file()
    if loaded and (taken := take_log(dataset, wait=options.wait)):
        say(f"{taken:,} new interactions are in the feedback log")
    reasons = ["--force"] if options.force else reasons_to_train(pipeline_steps(), settings)
    before = registry.champion(dataset)
    if loaded and before:
        for line in _monitor_lines(options, dataset, nothing_new=not reasons):
            say(line)
    if not reasons:
        say(f"dataset {dataset.name}: nothing to do, a run has learned from all that there is")
        return EXIT_OK
    for reason in reasons:
        say(f"to train: {reason}")
    return _train(options, settings, dataset)


def _train(options: Namespace, settings: Settings, dataset: Dataset) -> int:
    """Run the pipeline, and say what came of it."""
    from recsys_lib.pipeline import add_arguments, run_command
    from recsys_lib.pipeline.retraining import start_of
    from recsys_lib.pipeline.runs.record import new_run_id

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run = parser.parse_args([])
    of_monitor = _of_monitor(options)
    given = [text for text in _assignments(options) if text not in of_monitor]
    run.config, run.assignments = options.config, given
    run.force, run.wait, run.quiet = options.force, options.wait, options.quiet
    run.run_id = new_run_id()
    if start := start_of(settings):
        run.assignments.append(f"als.warm_start={start}")
    before = registry.champion(dataset)
    code = run_command(pipeline_steps(), run)
    if code != EXIT_OK:
        return code
    if before:
        _speaker(options)(_off_policy(dataset, run.run_id, before.name))
    served = registry.champion(dataset)
    if served is not None and served.name == run.run_id:
        return EXIT_OK
    print(runnable(_refusal(dataset, run.run_id)), file=sys.stderr)
    return EXIT_REFUSED


def _refusal(dataset: Dataset, run_id: str) -> str:
    """Why a run's version is not served."""
    from recsys_lib.pipeline.runs.record import NOT_SERVED, RECORD

    warnings = read_json(outputs_root(dataset.root) / run_id / RECORD)["warnings"]
    why = [text.removeprefix(NOT_SERVED) for text in warnings if text.startswith(NOT_SERVED)]
    return f"version {run_id} is kept, not served: {'; '.join(why) or 'another one was promoted'}"


def _monitor_lines(options: Namespace, dataset: Dataset, *, nothing_new: bool) -> list[str]:
    """What the monitor finds in the data as they were read last."""
    from recsys_lib.loop import monitor

    found = monitor(dataset, monitor_parameters(options.config, _of_monitor(options)))
    lines = [f"monitor: {found.verdict}"]
    lines += [str(one) for one in found.findings if one.verdict == found.verdict != "fine"]
    if found.verdict == "retrain" and nothing_new:
        lines.append("a run has learned from these data, but is not served: 'recsys models'")
    return lines


def _off_policy(dataset: Dataset, version: str, before: str) -> str:
    """The estimate of what people would do with the new version, where the log allows one."""
    from recsys_lib import Recommender
    from recsys_lib.serving.candidate_value import candidate_value

    # The run has removed the version before if that was a first search.
    for folder in map(dataset.version, (version, before)):
        if not registry.has_part(folder, registry.BLEND_PART):
            return f"off-policy: version {folder.name} has no evaluation, so it ranks nothing"
    new, old = (Recommender.load(dataset.version(v), dataset=dataset) for v in (version, before))
    try:
        return f"off-policy: {candidate_value(new, old).sentence}"
    except (ThinSupportError, QueryError) as error:
        return f"off-policy: {error}"


def _watch(options: Namespace, dataset: Dataset) -> int:
    """Go back to the version before if the served one does worse on the log."""
    from recsys_lib.loop.guardrails import guardrails

    say = _speaker(options)
    if registry.champion(dataset) is not None and registry.choice(dataset).pinned:
        say(f"dataset {dataset.name}: the served version is pinned, so it stays")
        return EXIT_OK
    found = guardrails(dataset, monitor_parameters(options.config, _of_monitor(options)))
    if found is None:
        say(f"dataset {dataset.name}: no other version was served before")
        return EXIT_OK
    for finding in found.findings:
        say(f"{finding.verdict}: {finding.sentence}")
    if not found.broken:
        return EXIT_OK
    done = registry.rollback(dataset, found.changes, reason="; ".join(found.broken), by=_WATCH)
    for problem in done.skipped:
        print(runnable(problem), file=sys.stderr)
    print(
        f"dataset {dataset.name}: rolled back from {done.left} to {done.version}, which is pinned: "
        f"{'; '.join(found.broken)}",
        file=sys.stderr,
    )
    return EXIT_ROLL_BACK


def _settings(options: Namespace) -> Settings:
    from recsys_lib.pipeline import read_settings

    return read_settings(options.config, _assignments(options))


def _assignments(options: Namespace) -> list[str]:
    named = [f"dataset={find_dataset(options.dataset).argument}"] if options.dataset else []
    return [*options.set, *named]


def _of_monitor(options: Namespace) -> list[str]:
    return [text for text in options.set if text.startswith("monitor.")]


def _speaker(options: Namespace) -> Callable[[str], None]:
    from recsys_lib.display.terminal import console, print_line

    out = console(quiet=options.quiet)
    return lambda text: print_line(out, runnable(text))
