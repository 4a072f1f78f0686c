"""``recsys feedback``: events that another system logged."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace

from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import EXIT_BAD_INPUT, EXIT_OK


def feedback(options: Namespace) -> int:
    """Import a file or the result of a query, and say what was taken and what was not."""
    from recsys_lib.data import queries
    from recsys_lib.data.formats.records import count_reasons
    from recsys_lib.display.terminal import console, harmless, print_line
    from recsys_lib.loop.event_form import EventForm
    from recsys_lib.loop.importing import import_events

    dataset = find_dataset(options.dataset)
    form = EventForm(dict(options.column), options.type, options.unit, options.zone)
    found = import_events(dataset, options.file, form)
    place = "row" if options.file.suffix == queries.SUFFIX else "line"
    for reason, n in count_reasons(found.rejected).items():
        first = next(bad for bad in found.rejected if bad.reason == reason)
        said = f"{n:,} rejected: {reason} (first: {first.file}, {place} {first.line})"
        print(harmless(said), file=sys.stderr)
    out = console(quiet=options.quiet)
    print_line(out, f"dataset {dataset.name}: {found.added:,} events are new in the feedback log")
    for n, why in (
        (found.repeated, "are there already"),
        (found.forgotten, "are of users who are forgotten: they were dropped"),
    ):
        if n:
            print_line(out, f"{n:,} {why}")
    nothing = found.rejected and not found.added + found.repeated + found.forgotten
    return EXIT_BAD_INPUT if nothing else EXIT_OK


def column(text: str) -> tuple[str, str]:
    """``type=action`` as a pair."""
    name, _, theirs = text.partition("=")
    if not name or not theirs:
        raise ArgumentTypeError(f"{text!r}: write NAME=COLUMN, for example type=action")
    return name, theirs
