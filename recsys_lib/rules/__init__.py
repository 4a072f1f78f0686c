"""The rules of a shop: what lists must, must not and should rather have."""

from recsys_lib.rules.in_list import KEEP, ListRules, PinnedItem
from recsys_lib.rules.reading import RuleFile, stamps
from recsys_lib.rules.version import Asked, VersionRules

__all__ = ["KEEP", "Asked", "ListRules", "PinnedItem", "RuleFile", "VersionRules", "stamps"]
