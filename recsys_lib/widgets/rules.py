"""The rules of the shop before they are published: what they do and what they cost, as tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from recsys_lib.paths import Dataset
from recsys_lib.rules import in_words
from recsys_lib.serving import Recommender
from recsys_lib.serving.held_out_lists import HeldOutLists
from recsys_lib.serving.rule_cost import RuleCost, cost_of
from recsys_lib.widgets.cards import title_of


def rule_files(dataset: Dataset) -> list[Path]:
    """The rules in force, then drafts beside them: all files *.yaml."""
    folder = dataset.rules.parent
    drafts = sorted(path for path in folder.glob("*.yaml") if path != dataset.rules)
    return [path for path in (dataset.rules, *drafts) if path.is_file()]


def rules_in_words(recommender: Recommender, file: Path) -> pd.DataFrame:
    """What each rule of a file does: rule, kind, in words, lists, products, state.

    RulesError for a file with a mistake.
    """

    def title(item_id: str) -> str:
        return title_of(recommender.item(item_id)["title"], item_id)

    return in_words(recommender.rules_of(file), title)


class RuleCosts:
    """What files of rules cost; the model is trained without the test part once for all of them.

    Parameters
    ----------
    recommender: the version whose lists change.
    """

    def __init__(self, recommender: Recommender) -> None:
        self._recommender = recommender
        self._lists: HeldOutLists | None = None
        self._known: dict[str, RuleCost] = {}

    def of(self, file: Path) -> RuleCost:
        """The cost of a file, computed again when it changes; RulesError where it has a mistake."""
        rules = self._recommender.rules_of(file)
        if rules.fingerprint not in self._known:
            if self._lists is None:
                self._lists = HeldOutLists.of(self._recommender)
            self._known[rules.fingerprint] = cost_of(rules, self._lists)
        return self._known[rules.fingerprint]
