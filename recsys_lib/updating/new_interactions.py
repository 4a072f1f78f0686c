"""Which events become interactions: by the weight of their type, each event once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars import selectors

from recsys_lib.columns import Feedback, Ratings
from recsys_lib.data.additions import Additions, Form
from recsys_lib.data.forgotten import Forgotten
from recsys_lib.data.stored import StoredData
from recsys_lib.loop.reading import read_events, read_shown
from recsys_lib.parameters import FULL_WEIGHT

_WEIGHT, _SUM, _WHOLE = "weight", "sum", "whole"
_PAIR = (Ratings.USER, Ratings.ITEM)
_ROUNDING = 1e-9  # ten times 0.1 is a little less than 1


@dataclass(frozen=True)
class NewInteractions:
    """Interactions to add, and what became of the other events.

    Parameters
    ----------
    rows: columns of ratings.
    taken: ids of the events of the log that need not be looked at again.
    waiting: events whose weights do not add up to an interaction yet.
    unweighted: events of types that do not count.
    unknown: events without a user.
    unknown_types: those of the types that nobody gave a weight.
    """

    rows: pl.DataFrame
    taken: list[str]
    waiting: int
    unweighted: int
    unknown: int = 0
    unknown_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """What additions have taken of new interactions.

    Parameters
    ----------
    rows: those that were not there yet.
    forgotten: how many were of users who are forgotten.
    repeated: how many were there already.
    """

    rows: pl.DataFrame
    forgotten: int
    repeated: int


def keep(
    new: NewInteractions,
    stored: StoredData,
    additions: Additions,
    products: pl.DataFrame | None = None,
) -> Kept:
    """Add new interactions, and products, to what every later load reads."""
    remembered = Forgotten.load(stored.dataset.updates).without(new.rows)
    rows = stored.new_among(remembered, additions)
    if len(rows) or new.taken or (products is not None and len(products)):
        additions.add(rows, products, new.taken)
    return Kept(rows, len(new.rows) - len(remembered), len(remembered) - len(rows))


def of_rows(rows: pl.DataFrame, form: Form, weights: Mapping[str, float]) -> NewInteractions:
    """The interactions of a file; without types of events, each of its rows is one.

    Where the dataset itself has types of events, a row keeps its type. Otherwise the events of a
    user with an item add up: two carts of weight 0.5 are one interaction, at the time of the
    second, and a type without a weight, such as a misspelt one, does not count.
    """
    if Ratings.EVENT not in rows.columns:
        return NewInteractions(rows, [], 0, 0)
    has_types = Ratings.EVENT in form.columns
    weighed = rows.with_columns(
        pl.col(Ratings.EVENT)
        .replace_strict(
            dict(weights), default=FULL_WEIGHT if has_types else 0.0, return_dtype=pl.Float64
        )
        .alias(_WEIGHT)
    )
    counted = weighed.filter(pl.col(_WEIGHT) > 0)
    unweighted = len(weighed) - len(counted)
    if has_types:
        return NewInteractions(counted.drop(_WEIGHT), [], 0, unweighted)
    summed = counted.sort(*_PAIR, Ratings.TIMESTAMP, maintain_order=True).with_columns(
        pl.col(_WEIGHT).cum_sum().over(_PAIR).alias(_SUM)
    )
    after, before = (
        (value + _ROUNDING).floor() for value in (pl.col(_SUM), pl.col(_SUM) - pl.col(_WEIGHT))
    )
    whole = summed.with_columns((after > before).alias(_WHOLE))
    # What comes after the last whole interaction of a pair waits for more.
    complete = pl.col(_WHOLE).reverse().cum_max().reverse().over(_PAIR)
    done = whole.filter(complete)
    chosen = done.filter(_WHOLE).drop(_WEIGHT, _SUM, _WHOLE)
    taken = done[Feedback.EVENT].to_list() if Feedback.EVENT in done.columns else []
    types = tuple(sorted({*rows[Ratings.EVENT].drop_nulls()} - {*weights}))
    return NewInteractions(chosen, taken, len(whole) - len(done), unweighted, 0, types)


def of_log(
    folder: Path, additions: Additions, form: Form, weights: Mapping[str, float]
) -> NewInteractions:
    """The interactions of the feedback log in ``folder`` that no update took before.

    An event without a user belongs to the user of its list.
    """
    texts = selectors.categorical().cast(pl.String)
    counting = [name for name, weight in weights.items() if weight > 0]
    events = (
        read_events(folder)
        .with_columns(texts)
        .filter(
            ~pl.col(Feedback.EVENT).is_in(list(additions.taken())),
            pl.col(Feedback.TYPE).is_in(counting),
        )
    )
    named = _with_users(events, folder)
    known = named.filter(pl.col(Feedback.USER).is_not_null())
    rows = known.select(
        pl.col(Feedback.USER).alias(Ratings.USER),
        pl.col(Feedback.ITEM).alias(Ratings.ITEM),
        pl.col(Feedback.TIME).dt.epoch("ms").alias(Ratings.TIMESTAMP),
        pl.col(Feedback.TYPE).alias(Ratings.EVENT),
        pl.col(Feedback.EVENT),
    )
    found = of_rows(rows, form, weights)
    taken = found.taken or found.rows[Feedback.EVENT].to_list()
    return NewInteractions(
        found.rows.drop(Feedback.EVENT),
        taken,
        found.waiting,
        found.unweighted,
        len(named) - len(known),
    )


def _with_users(events: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """The events, with the users of their lists where they name none themselves."""
    open_lists = events.filter(pl.col(Feedback.USER).is_null(), pl.col(Feedback.LIST).is_not_null())
    if open_lists.is_empty():
        return events
    owners = read_shown(folder, columns=(Feedback.LIST, Feedback.USER)).unique(Feedback.LIST)
    owners = owners.with_columns(selectors.categorical().cast(pl.String))
    return (
        events.join(owners, on=Feedback.LIST, how="left", suffix="_of_list")
        .with_columns(pl.coalesce(Feedback.USER, f"{Feedback.USER}_of_list"))
        .drop(f"{Feedback.USER}_of_list")
    )
