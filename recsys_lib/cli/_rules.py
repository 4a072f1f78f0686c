"""``recsys rules``: what the rules of a shop do, and what they cost."""

# ruff: noqa: PLC0415  # see _commands.py

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from recsys_lib.cli._ask import open_version
from recsys_lib.errors import EXIT_OK, RulesError

if TYPE_CHECKING:
    import pandas as pd

    from recsys_lib import Recommender
    from recsys_lib.rules import VersionRules


def rules(options: Namespace) -> int:
    """Check a file of rules against a version, and print what they do or cost."""
    recommender = open_version(options, rules=False)
    path = options.file or recommender.dataset.rules
    if not path.is_file():
        raise RulesError(f"there is no file {path}: docs/rules.md has a complete example")
    found = recommender.rules_of(path)
    if options.what == "check":
        _check(recommender, found, as_json=options.json)
    else:
        _cost(recommender, found, options.users, as_json=options.json)
    return EXIT_OK


def _check(recommender: Recommender, found: VersionRules, *, as_json: bool) -> None:
    from recsys_lib.cli._answers import print_json
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.rules import in_words

    table = in_words(found, lambda item: str(recommender.item(item)["title"] or item))
    if as_json:
        about = {"fingerprint": found.fingerprint, "version": recommender.version}
        print_json({**about, "rules": table.to_dict("records")})
        return
    out = console()
    print_line(
        out,
        f"{len(found)} rule{_plural(len(found))} for version {recommender.version}: "
        f"{found.file.path} ({found.fingerprint})",
        "bold",
    )
    for row in table.to_dict("records"):
        print_line(
            out,
            f"{row['rule']}: {row['in words']} ({row['lists']}; {row['products']:,} "
            f"product{_plural(row['products'])}; {row['state']})",
        )


def _plural(count: int) -> str:
    return "" if count == 1 else "s"


def _cost(
    recommender: Recommender, found: VersionRules, n_users: int | None, *, as_json: bool
) -> None:
    from recsys_lib.cli._answers import print_json
    from recsys_lib.display.terminal import console, print_line
    from recsys_lib.parameters import RULE_COST_USERS
    from recsys_lib.serving.held_out_lists import HeldOutLists
    from recsys_lib.serving.rule_cost import cost_of
    from recsys_lib.serving.rule_cost_in_words import cost_in_words

    cost = cost_of(found, HeldOutLists.of(recommender, n_users or RULE_COST_USERS))
    if as_json:
        tables = {"segments": cost.segments, "rules": cost.rules}
        rows = {name: table.to_dict("records") for name, table in tables.items()}
        print_json({"fingerprint": found.fingerprint, "users": cost.n_users, **rows})
        return
    out = console()
    for sentence in cost_in_words(cost):
        print_line(out, sentence)
    for table in (cost.segments, cost.rules):
        print_line(out, "")
        _print(table)


def _print(table: pd.DataFrame) -> None:
    from recsys_lib.display.terminal import cell, console, text_table
    from recsys_lib.serving.rule_cost_in_words import for_reading

    shown = for_reading(table)
    printed = text_table(*shown.columns)
    for row in shown.itertuples(index=False):
        printed.add_row(*map(cell, row))
    console().print(printed)
