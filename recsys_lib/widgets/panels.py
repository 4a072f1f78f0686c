"""Which panels a version has the data for, in the order of their tabs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import ipywidgets as widgets
import pandas as pd

from recsys_lib.serving import Recommender
from recsys_lib.widgets.catalogue_map import catalogue_map, has_vectors
from recsys_lib.widgets.compare_panel import ComparePanel
from recsys_lib.widgets.map_panel import MapPanel
from recsys_lib.widgets.panel import Panel
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.rules import rule_files
from recsys_lib.widgets.rules_panel import RulesPanel
from recsys_lib.widgets.search_panel import SearchPanel
from recsys_lib.widgets.similar_panel import SimilarItemsPanel
from recsys_lib.widgets.status_panel import StatusPanel
from recsys_lib.widgets.suggestions import Kind, example_people
from recsys_lib.widgets.user_panel import UserPanel
from recsys_lib.widgets.views import link_remote
from recsys_lib.widgets.warm_up import WarmUp
from recsys_lib.widgets.what_if_panel import WhatIfPanel

_KINDS: list[type[Panel]] = [
    SimilarItemsPanel,
    UserPanel,
    WhatIfPanel,
    SearchPanel,
    ComparePanel,
    MapPanel,
    RulesPanel,
    StatusPanel,
]


class Panels(Mapping[str, Panel]):
    """The panels of a version by title, each made when it is first used: all take a second.

    Attributes
    ----------
    slots: a box for each panel, to be filled with it.
    """

    def __init__(self, recommender: Recommender, explorer: Any) -> None:
        self._recommender, self._explorer = recommender, explorer
        self._facts = ProductFacts(recommender)
        without = {
            UserPanel: recommender.als is None,
            SearchPanel: recommender.product_search is None,
            RulesPanel: not rule_files(recommender.dataset),
        }
        self._kinds = {kind.TITLE: kind for kind in _KINDS if not without.get(kind, False)}
        self._made: dict[str, Panel] = {}
        self._maps: dict[str, pd.DataFrame] = {}
        self._lock = threading.RLock()
        self.slots = {title: widgets.VBox() for title in self._kinds}

    def __getitem__(self, title: str) -> Panel:
        with self._lock:
            if title not in self._made:
                panel = self._kinds[title](self._recommender, self._facts, self._explorer)
                link_remote(panel.card_lists(), remote=self._explorer.remote.value)
                self._made[title], self.slots[title].children = panel, (panel,)
        return self._made[title]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    @property
    def made(self) -> list[Panel]:
        """Those that have been used."""
        return list(self._made.values())

    def taker(self, kind: Kind, first: str) -> Panel | None:
        """The panel that answers such questions: the one titled ``first`` if it does."""
        needs = {"person": self._recommender.als, "words": self._recommender.product_search}
        if needs.get(kind, self) is None:
            return None
        titles = (title for title in (first, *self) if kind in self._kinds[title].ACCEPTS)
        return self[next(titles)]

    def map_of(self, kind: str) -> pd.DataFrame:
        """The map by texts or by likes, computed once."""
        with self._lock:
            if kind not in self._maps:
                self._maps[kind] = catalogue_map(self._recommender, kind)
        return self._maps[kind]

    def warm_up(self, *, background: bool) -> WarmUp:
        """Use everything once that the panels use, the slowest of the first panel first.

        No widget is made here: a page that is just opening does not hear of those from a thread.
        """
        recommender, similar = self._recommender, self[SimilarItemsPanel.TITLE]
        assert isinstance(similar, SimilarItemsPanel)
        people = example_people(recommender, 1)
        tasks: list[Callable[[], object]] = [
            lambda: recommender.recommend_for_history(recommender.example_items(1), 1),
            *(lambda user=user: recommender.recommend(user, 1) for user in people),
            lambda: self.map_of(next(iter(has_vectors(recommender)))),
            recommender.status,
        ]
        if recommender.product_search is not None:
            tasks.append(lambda: recommender.search("a", 1))
        return WarmUp(tasks, similar.complete, background)
