"""In what a run differs from the runs behind the published numbers, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from recsys_lib.benchmark.run import BenchmarkRun
from recsys_lib.blend import BLEND
from recsys_lib.imports import INSTALL_TORCH, has_torch

_BY_HAND = "this is not the published protocol, and what is set by hand is not chosen on validation"


def differences(run: BenchmarkRun) -> list[str]:
    """Every difference that is known, the gravest first."""
    return [*_parameters(run), *_data(run), *_model(run), *run.benchmark.notes, *_always(run)]


def changed(run: BenchmarkRun) -> dict[str, object]:
    """Names and values of the parameters that were set by hand."""
    return run.benchmark.set_by_hand(run.parameters, run.settings)


def _parameters(run: BenchmarkRun) -> Iterator[str]:
    values = [f"{name}={value}" for name, value in changed(run).items()]
    if values:
        yield f"Set by hand: {', '.join(values)}; {_BY_HAND}."


def _data(run: BenchmarkRun) -> Iterator[str]:
    size, expected = run.data.size, run.benchmark.size
    if expected is not None and size != expected:
        yield f"These are other data: {size}; the published ones have {expected}."
    for reason, lines in run.data.dropped.items():
        yield f"Lines that were dropped: {lines:,} ({reason})."
    if run.data.tied:
        yield (
            f"{run.data.tied:,} interactions share their time with another one of the same user: "
            "their order counts for nothing here, and a seeded draw decides which one is the last."
        )
    tested = len(run.evaluation.split.test_users)
    if tested < size.users:
        drawn = tested == run.parameters.max_users
        why = "drawn at random" if drawn else "the others have no held-out item"
        yield f"Tested on {tested:,} of {size.users:,} users; {why}."


def _model(run: BenchmarkRun) -> Iterator[str]:
    if run.evaluation.served == BLEND and run.benchmark.results:
        names = ", ".join(run.learned.weights.coefficients)
        yield f"The served model is a blend ({names}); the other rows are single models."
    if not run.sequence:
        why = "evaluate.sequence" if has_torch() else f"without PyTorch: {INSTALL_TORCH}"
        yield f"There is no sequence model among the sources of this run ({why})."


def _always(run: BenchmarkRun) -> Iterator[str]:
    yield "No texts, titles or attributes of the items are used."
    if not run.benchmark.results:
        yield "No results of others under this protocol are listed: all rows are of this run."
        return
    yield "One run with one seed; its intervals are over users. The rows of others have none."
    if any(not result.source.published for result in run.benchmark.results):
        yield (
            "Rows marked 'measured' were measured for this project and are no published results; "
            "their parameters may have been chosen on the test part."
        )
