"""Which panels a version has the data for, in the order of their tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recsys_lib.serving import Recommender
from recsys_lib.widgets.compare_panel import ComparePanel
from recsys_lib.widgets.map_panel import MapPanel
from recsys_lib.widgets.panel import Panel
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.search_panel import SearchPanel
from recsys_lib.widgets.similar_panel import SimilarItemsPanel
from recsys_lib.widgets.status_panel import StatusPanel
from recsys_lib.widgets.suggestions import example_people
from recsys_lib.widgets.user_panel import UserPanel
from recsys_lib.widgets.warm_up import WarmUp
from recsys_lib.widgets.what_if_panel import WhatIfPanel


class Panels(dict[str, Panel]):
    """The panels of a version, by title; ``explorer`` shows them."""

    def __init__(self, recommender: Recommender, explorer: Any) -> None:
        self._recommender = recommender
        facts = ProductFacts(recommender)
        self.similar = SimilarItemsPanel(recommender, facts, explorer)
        self.what_if = WhatIfPanel(recommender, facts, explorer)
        self.map = MapPanel(recommender, facts, explorer)
        user = [UserPanel(recommender, facts, explorer)] if recommender.als is not None else []
        search: list[Panel] = []
        if recommender.product_search is not None:
            search = [SearchPanel(recommender, facts, explorer)]
        others = [ComparePanel(recommender, facts, explorer), self.map]
        status = StatusPanel(recommender, facts, explorer)
        shown = [self.similar, *user, self.what_if, *search, *others, status]
        super().__init__({panel.TITLE: panel for panel in shown})

    def warm_up(self, *, background: bool) -> WarmUp:
        """Use everything once that the panels use, the slowest of the first panel first."""
        recommender = self._recommender
        people = example_people(recommender, 1)
        tasks: list[Callable[[], object]] = [
            lambda: recommender.recommend_for_history(recommender.example_items(1), 1),
            *(lambda user=user: recommender.recommend(user, 1) for user in people),
            lambda: self.map.places(self.map.of.value),
            recommender.status,
        ]
        if recommender.product_search is not None:
            tasks.append(lambda: recommender.search("a", 1))
        return WarmUp(tasks, self.similar.complete, background)
