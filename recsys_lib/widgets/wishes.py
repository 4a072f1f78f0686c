"""Controls for what a list must be like: length, filters, diversity, variants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from recsys_lib.errors import QueryError
from recsys_lib.search import facets
from recsys_lib.serving import Recommender
from recsys_lib.widgets.product_facts import ProductFacts

ROWS = 10
_MOST_ROWS = 100
_STARS = [("any", 0.0), ("3 or more", 3.0), ("4 or more", 4.0)]


class WishControls(widgets.VBox):
    """Only controls for what is known of the products; ``on_change`` is called after each change.

    Parameters
    ----------
    grouped: whether variants share a row at first.
    """

    def __init__(
        self,
        recommender: Recommender,
        facts: ProductFacts,
        on_change: Callable[[], None],
        *,
        grouped: bool = True,
    ) -> None:
        self._on_change = on_change
        self.rows = widgets.BoundedIntText(
            ROWS, 1, _MOST_ROWS, description="Rows", layout={"width": "130px"}, style=_label("40px")
        )
        self.controls: dict[str, Any] = {}
        if facts.knows(facets.CATEGORIES):
            self.controls["category"] = _names("Category", facts.names(facets.CATEGORIES))
        if facts.knows(facets.BRAND):
            self.controls["brand"] = _names("Brand", facts.names(facets.BRAND))
        if facts.knows(facets.PRICE):
            self.controls["min_price"] = _price("Price from")
            self.controls["max_price"] = _price("to")
        if facts.knows(facets.RATING):
            self.controls["min_rating"] = widgets.Dropdown(
                options=_STARS, description="Stars", layout={"width": "170px"}, style=_label("40px")
            )
        self.diversity = widgets.FloatSlider(
            0.0, min=0, max=1, step=0.1, description="Diversity", continuous_update=False,
            layout={"width": "260px"}, style=_label("64px"),
        )  # fmt: skip
        self.variants = widgets.Checkbox(
            grouped, description="Variants share a row", indent=False, layout={"width": "auto"}
        )
        for control in (self.rows, self.diversity, self.variants, *self.controls.values()):
            control.observe(self._changed, "value")
        filters = widgets.HBox(list(self.controls.values()))
        lists = [self.rows, self.diversity]
        if recommender.items.has_variants:
            lists.append(self.variants)
        below = widgets.HBox(lists)
        for line in (filters, below):
            line.add_class("rx-wrap")
        super().__init__([below, filters] if self.controls else [below])

    def values(self) -> dict[str, Any]:
        """The arguments of a question; QueryError for a price that is no number."""
        filters = {name: _value(name, control) for name, control in self.controls.items()}
        return {
            "filters": {name: value for name, value in filters.items() if value is not None},
            "diversity": self.diversity.value,
            "group_variants": self.variants.value,
        }

    def _changed(self, _change: Any) -> None:
        self._on_change()


def _value(name: str, control: Any) -> Any:
    value = control.value.strip() if isinstance(control.value, str) else control.value
    if not name.endswith("price"):
        return value or None
    try:
        return float(value) if value else None
    except ValueError:
        raise QueryError(f"{value!r} is no price: give a number such as 9.99") from None


def _names(label: str, names: list[str]) -> widgets.Combobox:
    return widgets.Combobox(
        options=names, description=label, placeholder="all", continuous_update=False,
        layout={"width": "260px"}, style=_label("64px"),
    )  # fmt: skip


def _price(label: str) -> widgets.Text:
    width = {"Price from": ("170px", "76px"), "to": ("100px", "20px")}[label]
    return widgets.Text(
        description=label, placeholder="any", continuous_update=False,
        layout={"width": width[0]}, style=_label(width[1]),
    )  # fmt: skip


def _label(width: str) -> dict[str, str]:
    return {"description_width": width}
