"""``recsys features``: write the feature tables and the Feast repository of a version."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from argparse import Namespace

from recsys_lib.cli._names import find_dataset, find_version
from recsys_lib.errors import EXIT_OK
from recsys_lib.paths import SAMPLE


def features(options: Namespace) -> int:
    """Write the files, and print their paths."""
    from recsys_lib import registry
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.features import write_features
    from recsys_lib.parameters import FEATURE_DAYS

    if options.version:
        dataset, version = find_version(
            options.version, options.dataset, registry.published_versions
        )
    else:
        dataset, version = find_dataset(options.dataset or SAMPLE), ""
    every = FEATURE_DAYS if options.every is None else options.every
    out = console(quiet=options.quiet)
    for path in write_features(dataset, version, every, options.out):
        print_line(out, str(path))
    return EXIT_OK
