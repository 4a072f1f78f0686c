"""Map: the catalogue as points, of which near ones are alike."""

from __future__ import annotations

import base64
from html import escape
from typing import Any

import ipywidgets as widgets
import numpy as np

from recsys_lib.columns import Answers
from recsys_lib.serving import Recommender
from recsys_lib.widgets.catalogue_map import CATEGORY, OTHERS, X, Y, has_vectors
from recsys_lib.widgets.panel import Panel, line
from recsys_lib.widgets.product_facts import ProductFacts
from recsys_lib.widgets.suggestions import Question
from recsys_lib.widgets.views import CatalogueMap

_COLORS = [
    *("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#b07aa1", "#2aa7a1", "#d4a72c", "#9c755f"),
    "#8a8f98",
]
"""Seen on light and on dark ground; the last one is for all other categories."""


class MapPanel(Panel):
    """Hovering shows a product; a click asks for similar ones."""

    TITLE = "Map"
    ACCEPTS = frozenset()

    def __init__(self, recommender: Recommender, facts: ProductFacts, explorer: Any) -> None:
        super().__init__(recommender, facts, explorer)
        options = [(f"by {name}", of) for of, name in has_vectors(recommender).items()]
        self.of = widgets.Dropdown(
            options=options, description="Near", style={"description_width": "40px"},
            layout={"width": "260px"},
        )  # fmt: skip
        self.of.observe(lambda _change: self.refresh(), "value")
        self.note = widgets.HTML()
        self.map = CatalogueMap(explorer.open_product)
        self.children = (line(self.of, self.note), self.message, self.map, line(self.download))

    def answer(self) -> None:
        """Places of a sample of the catalogue."""
        found = self.explorer.panels.map_of(self.of.value)
        groups = _groups(found[CATEGORY].tolist())
        numbers = {name: n for n, name in enumerate(groups)}
        with self.map.hold_sync():
            self.map.x = found[X].to_numpy(np.float32).tobytes()
            self.map.y = found[Y].to_numpy(np.float32).tobytes()
            self.map.groups, self.map.colors = groups, _colors(groups)
            self.map.points = [
                {"id": item, "title": title[:200], "facts": category, "group": numbers[category]}
                for item, title, category in found[
                    [Answers.ITEM, Answers.TITLE, CATEGORY]
                ].itertuples(index=False)
            ]
        total = len(self.recommender.items)
        self.note.value = (
            f"{len(found):,} of {total:,} products. Near ones are alike; click one, or use the "
            "arrow keys and Enter."
        )
        self.results = found

    def select(self, question: Question | None) -> None:
        """Mark the product that is asked about."""
        if question is not None and question.kind == "product":
            self.map.selected = question.text

    def static(self) -> str:
        """A picture of the map."""
        from recsys_lib.display.plotting import figure  # noqa: PLC0415  # matplotlib takes a second

        self.show()
        title = f"Map of the catalogue {dict(map(reversed, self.of.options))[self.of.value]}"
        plot, axes = figure(title, size=(7.5, 4.5))
        groups = _groups(self.results[CATEGORY].tolist()) if len(self.results) else []
        for name, color in zip(groups, _colors(groups), strict=True):
            mine = self.results[self.results[CATEGORY] == name]
            axes.scatter(mine[X], mine[Y], s=4, color=color, label=name.replace("$", r"\$"))
        axes.set_xticks([])
        axes.set_yticks([])
        if groups:
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=7, frameon=False)
        picture = base64.b64encode(plot.render()).decode()
        image = f'<img alt="{escape(title)}" src="data:image/png;base64,{picture}">'
        return f"<h3>{escape(self.TITLE)}</h3>{image}"


def _groups(categories: list[str]) -> list[str]:
    """Each category once, the most frequent first, all others last."""
    counts = {name: categories.count(name) for name in set(categories)}
    return sorted(counts, key=lambda name: (name == OTHERS, -counts[name], name))


def _colors(groups: list[str]) -> list[str]:
    return [_COLORS[-1] if name == OTHERS else _COLORS[n] for n, name in enumerate(groups)]
