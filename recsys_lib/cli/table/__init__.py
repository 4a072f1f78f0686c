"""The table of commands: their options, help and examples."""

from recsys_lib.cli.table import asking, data, rules, running, serving, updating, versions
from recsys_lib.cli.table.command import Command

_GROUPS = (asking, running, versions, serving, rules, updating, data)

COMMANDS = {command.name: command for group in _GROUPS for command in group.COMMANDS}

__all__ = ["COMMANDS", "Command"]
