"""``recsys arms``: whose lists do more, the champion's or the challenger's."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING

from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import EXIT_OK, QueryError

if TYPE_CHECKING:
    from recsys_lib.loop import ArmComparison, TeamComparison


def arms(options: Namespace) -> int:
    """Print a sentence for each outcome that happened."""
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.loop import (
        OUTCOMES,
        compare_arms,
        compare_teams,
        outcomes,
        read_events,
        read_shown,
    )
    from recsys_lib.loop.experiment import running_experiment

    folder = find_dataset(options.dataset).feedback
    running = running_experiment(folder)
    if running is None:
        raise QueryError(
            f"no experiment was started for dataset {folder.name!r}: "
            "recsys serve --challenger RUN --share 0.1 (or --interleave)"
        )
    shown = running.lists(read_shown(folder, running.start))
    shown = outcomes(shown, read_events(folder, running.start))
    happened = [name for name in OUTCOMES if shown[name].any()] or list(OUTCOMES[:1])
    found: list[ArmComparison] | list[TeamComparison]
    if running.interleaved:
        found = [compare_teams(shown, name) for name in happened]
    else:
        found = [compare_arms(shown, running.share, name) for name in happened]
    if options.json:
        rows = [asdict(one) | {"sentence": one.sentence} for one in found]
        print(json.dumps({**asdict(running), "outcomes": rows}, indent=2))
        return EXIT_OK
    out = console()
    how = f"for {100 * running.share:g} of 100 people"
    if running.interleaved:
        how = "interleaved with it"
    since = running.since[:16].replace("T", " ")
    print_line(out, f"{running.challenger} beside the champion, {how}, since {since} UTC", "bold")
    for one in found:
        print_line(out, one.sentence)
    return EXIT_OK
