"""``recsys update``: take new events into the data and the served models."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import EXIT_OK, ParameterError

if TYPE_CHECKING:
    from recsys_lib.parameters import EtlParameters
    from recsys_lib.updating import Updated


def update(options: Namespace) -> int:
    """Print what was taken, what was not, and what is served now."""
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.parameters import EVENT_WEIGHTS
    from recsys_lib.updating import update as take

    dataset = find_dataset(options.dataset)
    dataset.require()
    found = take(
        dataset,
        options.events,
        options.products,
        parameters=_etl(options),
        weights=EVENT_WEIGHTS | dict(options.weight),
        wait=options.wait,
    )
    out = console(quiet=options.quiet)
    for line in _lines(found, dataset.name):
        print_line(out, line)
    return EXIT_OK


def weight(text: str) -> tuple[str, float]:
    """``cart=0.5`` as a pair."""
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not name or not 0 <= number <= 1:
        raise ArgumentTypeError(f"{text!r} is no weight: write TYPE=NUMBER, from 0 to 1")
    return name, number


def _etl(options: Namespace) -> EtlParameters:
    """How the given files are read."""
    from recsys_lib.parameters import EtlParameters
    from recsys_lib.pipeline import read_settings
    from recsys_lib.pipeline.settings import sections_of

    others = [name for name in sections_of(options.set) if name != "etl"]
    if others:
        raise ParameterError(f"--set {others[0]}.NAME has no effect here: set etl.NAME")
    found = read_settings(options.config, options.set).sections["etl"]
    if not isinstance(found, EtlParameters):
        raise TypeError(f"section etl holds {type(found).__name__}")
    return found


def _hint(types: tuple[str, ...]) -> str:
    """How to let events of types without a weight count."""
    if not types:
        return ""
    return (
        f": {', '.join(types)} {'have' if types[1:] else 'has'} no weight (--weight {types[0]}=1)"
    )


def _lines(found: Updated, dataset: str) -> Iterator[str]:
    from recsys_lib.data.formats.records import count_reasons

    new = found.new
    for reason, n in count_reasons(found.rejected).items():
        first = next(bad for bad in found.rejected if bad.reason == reason)
        yield f"{n:,} lines were rejected: {reason} (first: {first.file}, line {first.line})"
    for n, why in (
        (found.forgotten, "are of users who are forgotten: they were dropped"),
        (found.repeated, "interactions are there already"),
        (found.unzoned, "times have no zone: they are taken to be UTC (+00:00)"),
        (new.unknown, "events have no user"),
        (new.unweighted, f"events are of types that do not count{_hint(new.unknown_types)}"),
        (new.waiting, "events do not add up to an interaction yet (--weight)"),
        (found.known_products, "products are in the files of the dataset: they were not changed"),
    ):
        if n:
            yield f"{n:,} {why}"
    applied, renewed = found.applied, found.renewed
    if applied is None:
        yield f"dataset {dataset}: nothing new"
        return
    counts = applied.summary["counts"]
    yield (
        f"dataset {dataset}: {applied.n_pairs:,} interactions and {len(applied.new_products):,} "
        f"products are new or changed; it has {counts['interactions']:,} interactions of "
        f"{counts['users']:,} users now"
    )
    if renewed is None:
        yield "no version is served yet, so none was updated: recsys run"
        return
    if renewed.als is not None:
        yield f"als: {renewed.als.items:,} items solved, given all users"
    yield f"updated: {', '.join(renewed.updated)}"
    for name, since in renewed.kept.items():
        yield f"kept until the next run: {name}, of {since[:16].replace('T', ' ')} UTC"
    served = renewed.not_served or "it is served now"
    yield f"version {renewed.version} follows {renewed.parent}: {served}"
