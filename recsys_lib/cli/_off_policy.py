"""``recsys offpolicy``: how good a version is before anybody sees its lists."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from recsys_lib import registry
from recsys_lib.cli._names import find_version
from recsys_lib.errors import EXIT_OK

_NAMES = {
    "ips": "inverse propensity",
    "snips": "self-normalized",
    "dr": "doubly robust",
}


def off_policy(options: Namespace) -> int:
    """Print the estimates, and how the version compares with the served one."""
    from recsys_lib import Recommender
    from recsys_lib.display.terminal import console, print_line, text_table
    from recsys_lib.loop.off_policy import ENOUGH_SUPPORT
    from recsys_lib.serving.candidate_value import candidate_value

    dataset, version = find_version(options.version, options.dataset, registry.published_versions)
    champion = registry.champion(dataset)
    served = None
    if champion is not None and champion.name != version:
        served = Recommender.load(champion, dataset=dataset)
    found = candidate_value(
        Recommender.load(dataset.version(version), dataset=dataset),
        served,
        outcome=options.outcome,
        since=datetime.now(UTC) - timedelta(days=options.days),
        enough=options.enough or ENOUGH_SUPPORT,
    )
    if options.json:
        print(json.dumps(asdict(found) | {"sentence": found.sentence}, indent=2))
        return EXIT_OK
    out = console()
    print_line(out, f"{version} at the place that is explored", "bold")
    print_line(
        out,
        f"{found.lists:,} random choices in {options.days} days, {100 * found.rate:.2f} of 100 "
        f"{found.outcome}; {found.left_out:,} left out; for this version they count as "
        f"{found.effective:,.0f}",
    )
    table = text_table("estimate", f"{found.outcome} of 100", "from", "to")
    for method, value in found.estimates.items():
        numbers = (f"{100 * x:.2f}" for x in (value.value, value.low, value.high))
        table.add_row(_NAMES[method], *numbers)
    out.print(table)
    print_line(out, found.sentence)
    return EXIT_OK
