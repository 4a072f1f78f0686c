"""Which events belong to which shown item: by the id of the list, else by person and time."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from recsys_lib.columns import Feedback

_COLUMNS = {
    "clicked": "click",
    "carted": "cart",
    "purchased": "purchase",
    "dismissed": "dismiss",
}
OUTCOMES = tuple(_COLUMNS)
"""Bool columns of :func:`outcomes`."""
WINDOW = timedelta(days=1)
_PERSON, _SERVED = "person", "served_at"


def person() -> pl.Expr:
    """Who it was: the user, else the session."""
    return pl.coalesce(Feedback.USER, Feedback.SESSION).alias(_PERSON)


def attributed(
    shown: pl.DataFrame, events: pl.DataFrame, window: timedelta = WINDOW
) -> pl.DataFrame:
    """Events with the list that they belong to.

    An event that names a list in which its item stood belongs to it. Any other one belongs to the
    last list with this item that the same person got within ``window`` before it.

    Parameters
    ----------
    shown
        Columns ``Feedback.SHOWN``.
    events
        Columns ``Feedback.EVENTS``.
    window
        How long a list is remembered.

    Returns
    -------
    polars.DataFrame
        The events; ``list_id`` is null where no shown item fits.

    Examples
    --------
    >>> from recsys_lib.loop.reading import EVENTS_SCHEMA, SHOWN_SCHEMA
    >>> attributed(pl.DataFrame(schema=SHOWN_SCHEMA), pl.DataFrame(schema=EVENTS_SCHEMA)).height
    0
    """
    key = [Feedback.LIST, Feedback.ITEM]
    pairs = shown.filter(pl.col(Feedback.ITEM).is_not_null()).select(*key).unique()
    named = events.join(pairs, on=key, how="semi")
    others = events.join(pairs, on=key, how="anti").drop(Feedback.LIST)
    # Somebody who does not sign in is the person of the list that the event names.
    served = (
        shown.select(*key, Feedback.TIME, person())
        .drop_nulls()
        .unique([Feedback.ITEM, _PERSON, Feedback.TIME], keep="first", maintain_order=True)
        .with_columns(pl.col(Feedback.TIME).alias(_SERVED))
        .sort(_SERVED)
    )
    matched = (
        others.with_columns(person())
        .sort(Feedback.TIME)
        .join_asof(
            served.select(*key, _PERSON, _SERVED),
            left_on=Feedback.TIME,
            right_on=_SERVED,
            by=[_PERSON, Feedback.ITEM],
            tolerance=window,
            check_sortedness=False,
        )
    )
    return pl.concat([named, matched.select(*events.columns)]).sort(Feedback.TIME, Feedback.EVENT)


def outcomes(shown: pl.DataFrame, events: pl.DataFrame, window: timedelta = WINDOW) -> pl.DataFrame:
    """What became of each shown item.

    Returns
    -------
    polars.DataFrame
        The rows of ``shown`` with the bool columns ``OUTCOMES``. Events that belong to no shown
        item are left out: :func:`attributed` has them.
    """
    known = attributed(shown, events, window)
    key = [Feedback.LIST, Feedback.ITEM]
    happened = known.group_by(key).agg(
        (pl.col(Feedback.TYPE) == kind).any().alias(name) for name, kind in _COLUMNS.items()
    )
    return shown.join(happened, on=key, how="left", maintain_order="left").with_columns(
        pl.col(*OUTCOMES).fill_null(value=False)
    )
