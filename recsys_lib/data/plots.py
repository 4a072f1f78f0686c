"""Tables and plots of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from recsys_lib.columns import Products, Ratings
from recsys_lib.data.cleaning.notation import Notation
from recsys_lib.display.plotting import COLORS, Plot, figure, style

_DESCRIBING = (
    Products.TITLE,
    Products.STORE,
    Products.PRICE,
    Products.FEATURES,
    Products.DESCRIPTION,
    Products.IMAGES,
    Products.CATEGORIES,
    Products.DETAILS,
)


def funnel_table(funnel: list[dict[str, int | str]]) -> pl.DataFrame:
    """The funnel, with each entry as a share of all lines."""
    table = pl.DataFrame(funnel).select("what", "rows")
    return table.with_columns((pl.col("rows") / table["rows"][0]).alias("share"))


def unreadable_table(fields: list[dict[str, int | str]]) -> pl.DataFrame:
    """Each field with values that could not be read, how many they are, and an example."""
    return pl.DataFrame(
        fields, schema={"field": pl.String, "values": pl.Int64, "example": pl.String}
    )


def notation_table(notations: Mapping[Path, Notation]) -> pl.DataFrame:
    """How each file writes its values, as its content shows."""
    orders = {True: "day first", False: "month first", None: "-"}
    rows = [
        {
            "file": path.name,
            "times": "numbers such as 20241231" if one.compact else one.unit,
            "days": orders[one.day_first],
            "decimal mark": one.decimal or "-",
            "ids such as 22423.0": ", ".join(one.whole_ids) or "-",
            "ratings": "{:g} to {:g}".format(*one.scale) if one.scale else "-",
        }
        for path, one in notations.items()
    ]
    return pl.DataFrame(rows)


def events_table(counts: dict[str, int], n: int) -> pl.DataFrame:
    """For each type of event the interactions in which it occurred, and their share of n."""
    table = pl.DataFrame({"event": list(counts), "interactions": list(counts.values())})
    return table.with_columns((pl.col("interactions") / n).alias("share"))


def ratings_histogram(ratings: pl.DataFrame) -> Plot:
    """Number of ratings by value."""
    counts = ratings[Ratings.RATING].drop_nulls().value_counts().sort(Ratings.RATING)
    plot, axes = figure("Ratings by value", xlabel="rating", ylabel="ratings", size=(5, 3.2))
    values = counts[Ratings.RATING].to_numpy()
    width = 0.8 * (np.diff(values).min() if len(values) > 1 else 1.0)
    axes.bar(values, counts["count"].to_numpy(), width=width, color=COLORS[0])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.grid(False, axis="x")
    return plot


def tails(ratings: pl.DataFrame) -> Plot:
    """Number of users and of items with at least so many ratings, on log scales."""
    plot = Plot(figsize=(9.5, 3.6), dpi=110, layout="constrained")
    users, items = plot.subplots(1, 2)
    _tail(users, ratings[Ratings.USER], COLORS[0])
    style(users, "Users by activity", xlabel="at least this many ratings", ylabel="users")
    _tail(items, ratings[Ratings.ITEM], COLORS[1])
    style(items, "Items by popularity", xlabel="at least this many ratings", ylabel="items")
    return plot


def timeline(ratings: pl.DataFrame) -> Plot:
    """Ratings per month, for timestamps in milliseconds; a month without ratings counts as 0."""
    months = ratings.select(pl.from_epoch(Ratings.TIMESTAMP, time_unit="ms").dt.truncate("1mo"))
    counts = (
        months.group_by(Ratings.TIMESTAMP)
        .len()
        .sort(Ratings.TIMESTAMP)
        .upsample(Ratings.TIMESTAMP, every="1mo")
        .with_columns(pl.col("len").fill_null(0))
    )
    plot, axes = figure("Ratings per month", ylabel="ratings")
    time, count = counts[Ratings.TIMESTAMP].to_numpy(), counts["len"].to_numpy()
    axes.fill_between(time, count, color=COLORS[0], alpha=0.25)
    axes.plot(time, count, color=COLORS[0], marker="o" if len(counts) < 2 else "")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)
    return plot


def completeness(products: pl.DataFrame) -> Plot:
    """Share of products that have a title, a price and so on."""
    share = [100 * (1 - products[c].null_count() / len(products)) for c in _DESCRIBING]
    plot, axes = figure("Completeness of the catalogue", xlabel="% of products", size=(7.5, 3.2))
    bars = axes.barh(list(_DESCRIBING), share, color=COLORS[2])
    axes.bar_label(bars, fmt="%.1f%%", padding=4, fontsize=9)
    axes.set_xlim(0, 110)
    axes.invert_yaxis()
    axes.grid(False, axis="y")
    return plot


def most_rated(ratings: pl.DataFrame, products: pl.DataFrame, n: int = 10) -> pl.DataFrame:
    """The n items with the most ratings: title, ratings, and their mean if they have values."""
    table = (
        ratings.group_by(Ratings.ITEM)
        .agg(pl.len().alias("ratings"), pl.col(Ratings.RATING).mean().round(2).alias("mean"))
        .sort("ratings", Ratings.ITEM, descending=[True, False])
        .head(n)
        .join(products.select(Products.ITEM, Products.TITLE), on=Ratings.ITEM, how="left")
        .select(Ratings.ITEM, Products.TITLE, "ratings", "mean")
    )
    return table.drop("mean") if table["mean"].is_null().all() else table


def _tail(axes: Axes, ids: pl.Series, color: str) -> None:
    counts = np.sort(ids.value_counts()["count"].to_numpy())
    values, first = np.unique(counts, return_index=True)
    axes.loglog(values, len(counts) - first, color=color, marker="o", markersize=3)
    for axis in (axes.xaxis, axes.yaxis):
        # Ticks at 1, 2, 5, 10, ... on the x axis, as most tails span few powers of ten.
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if axis is axes.xaxis else (1.0,)))
        axis.set_major_formatter("{x:,.0f}")
        axis.set_minor_formatter(NullFormatter())
