"""The command about the rules of a shop."""

from __future__ import annotations

from pathlib import Path

from recsys_lib.cli import _ask, _rules
from recsys_lib.cli.table.command import DATASET_OF_VERSION, JSON, VERSION, Command, argument

COMMANDS = (
    Command(
        "rules",
        "check the rules of the shop, or say what they cost",
        "recsys rules check --dataset shop\nrecsys rules cost --dataset shop --file draft.yaml",
        _rules.rules,
        (
            argument(
                "what",
                choices=["check", "cost"],
                help="check: what each rule does, and to how many products; cost: nDCG, recall and "
                "coverage with and without the rules",
            ),
            argument(
                "--file",
                type=Path,
                metavar="FILE",
                help="rules that are not in force yet (default: data/rules/DATASET/rules.yaml)",
            ),
            argument(
                "--users",
                type=_ask.count,
                metavar="N",
                help="users whose lists are compared for the cost (default: 2000)",
            ),
            DATASET_OF_VERSION,
            VERSION,
            JSON,
        ),
    ),
)
