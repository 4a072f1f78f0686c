"""``recsys forget``: remove users from everything that the workspace has of them."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import EXIT_OK

if TYPE_CHECKING:
    from recsys_lib.paths import Dataset
    from recsys_lib.updating import Forgot


def forget(options: Namespace) -> int:
    """Print what was removed, what stays, and what to do about that."""
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.updating import forget as remove

    dataset = find_dataset(options.dataset)
    dataset.require()
    found = remove(dataset, options.users, keep_old=options.keep_old, wait=options.wait)
    out = console(quiet=options.quiet)
    for line in _lines(found, dataset):
        print_line(out, line)
    return EXIT_OK


def _lines(found: Forgot, dataset: Dataset) -> Iterator[str]:
    if found.unknown:
        yield f"the data have nothing of {', '.join(found.unknown)}: later loads drop them, too"
    yield (
        f"dataset {dataset.name}: removed {found.ratings:,} ratings ({found.added:,} of them from "
        f"updates), {found.feedback.lists:,} lists and {found.feedback.events:,} events"
    )
    if found.renewed is not None:
        yield f"version {found.renewed.version} is served now, without them"
        yield (
            f"trained without them: {', '.join(found.renewed.updated)}; learned with them until "
            f"'recsys run --set dataset={dataset.argument}' trains again: "
            f"{', '.join(found.renewed.kept)}"
        )
    yield from _of_traces(found, dataset)
    yield (
        f"the files in {dataset.raw} were not changed; where they have lines of these users, every "
        "load drops them. Copies elsewhere, such as backups and exports with --out, are yours to "
        "remove"
    )


def _of_traces(found: Forgot, dataset: Dataset) -> Iterator[str]:
    what = "removed" if found.removed else "kept, and names them"
    for path in found.traces.versions:
        yield f"{what}: version {path.name}"
    for path in found.traces.files:
        yield f"{what}: {dataset.shown(path)}"
    if not found.met and found.traces.files:
        yield "nothing else names them, so these may mean another: the same command removes them"
    elif not found.removed and (found.traces.versions or found.traces.files):
        yield "to remove these, too: the same command without --keep-old"
