"""The rules of a shop: what lists must, must not and should rather have."""

from recsys_lib.rules.in_list import KEEP, ListRules, PinnedItem
from recsys_lib.rules.reading import RuleFile, stamps
from recsys_lib.rules.version import Asked, VersionRules
from recsys_lib.rules.words import in_words

__all__ = [
    "KEEP",
    "Asked",
    "ListRules",
    "PinnedItem",
    "RuleFile",
    "VersionRules",
    "in_words",
    "stamps",
]
