"""``recsys arms``: whose lists do more, the champion's or the challenger's."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict

from recsys_lib.cli._names import find_dataset
from recsys_lib.errors import EXIT_OK, QueryError


def arms(options: Namespace) -> int:
    """Print a sentence for each outcome that happened."""
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.loop import OUTCOMES, compare_arms, outcomes, read_events, read_shown
    from recsys_lib.loop.experiment import running_experiment

    folder = find_dataset(options.dataset).feedback
    running = running_experiment(folder)
    if running is None:
        raise QueryError(
            f"no experiment was started for dataset {folder.name!r}: "
            "recsys serve --challenger RUN --share 0.1"
        )
    shown = running.lists(read_shown(folder, running.start))
    shown = outcomes(shown, read_events(folder, running.start))
    happened = [name for name in OUTCOMES if shown[name].any()] or list(OUTCOMES[:1])
    found = [compare_arms(shown, running.share, name) for name in happened]
    if options.json:
        rows = [asdict(one) | {"sentence": one.sentence} for one in found]
        print(json.dumps({**asdict(running), "outcomes": rows}, indent=2))
        return EXIT_OK
    out = console()
    print_line(
        out,
        f"{running.challenger} beside the champion, for {100 * running.share:g} of 100 people, "
        f"since {running.since[:16].replace('T', ' ')} UTC",
        "bold",
    )
    for one in found:
        print_line(out, one.sentence)
    return EXIT_OK
