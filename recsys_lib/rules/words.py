"""What each rule does, in words, and how many products it touches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import singledispatch

import pandas as pd

from recsys_lib.rules.in_list import Act
from recsys_lib.rules.kinds import (
    LIST_KINDS,
    Ban,
    Boost,
    Bury,
    Cap,
    Margin,
    Pin,
    ShopRule,
    Stock,
    Variants,
)
from recsys_lib.rules.version import VersionRules

COLUMNS = ("rule", "kind", "in words", "products", "state", "lists")
_LISTS = {
    "user": "users",
    "history": "histories",
    "similar": "similar items",
    "search": "search",
}
_UNLISTED = {"leave out": "left out", "keep": "kept"}


def in_words(
    rules: VersionRules, title: Callable[[str], str], today: date | None = None
) -> pd.DataFrame:
    """One row for each rule: ``COLUMNS``; products are those that it touches.

    ``title`` gives the title of an item.
    """
    day = today or datetime.now(UTC).date()
    rows = [
        {
            "rule": act.name,
            "kind": act.rule.kind,
            "in words": _what(act.rule, act, title),
            "products": int(act.touched.sum()),
            "state": _unpinned(act, rules) or _state(act.rule, day),
            "lists": _for(act.rule),
        }
        for act in rules.acts
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@singledispatch
def _what(rule: ShopRule, act: Act, title: Callable[[str], str]) -> str:
    """What a rule of some kind does."""
    raise TypeError(f"no words for a {rule.kind}")


@_what.register
def _(rule: Pin, act: Act, title: Callable[[str], str]) -> str:
    return f"puts {title(rule.item)} at place {rule.position}"


@_what.register
def _(rule: Ban, act: Act, title: Callable[[str], str]) -> str:
    return f"leaves out products {_conditions(rule)}"


@_what.register(Boost)
@_what.register(Bury)
def _(rule: Boost | Bury, act: Act, title: Callable[[str], str]) -> str:
    return f"multiplies scores by {rule.factor:g} of products {_conditions(rule)}"


@_what.register
def _(rule: Stock, act: Act, title: Callable[[str], str]) -> str:
    return f"leaves out what {_source(rule)} says is out of stock{_unlisted(rule, act)}"


@_what.register
def _(rule: Margin, act: Act, title: Callable[[str], str]) -> str:
    return f"lets {_source(rule)} count with {rule.weight:.0%} beside the score"


@_what.register
def _(rule: Variants, act: Act, title: Callable[[str], str]) -> str:
    return f"lists at most {rule.at_most} of the variants of a product"


@_what.register
def _(rule: Cap, act: Act, title: Callable[[str], str]) -> str:
    named = f": {' or '.join(rule.names)}" if rule.names else ""
    return f"lists at most {rule.at_most} of one {rule.by}{named}"


def _conditions(rule: Ban | Boost | Bury) -> str:
    said = []
    for name, value in rule.conditions.items():
        if name.startswith("price"):
            said.append(f"with a price {name.removeprefix('price_')} {value:g}")
        elif name == "items":
            said.append(f"with the ids {', '.join(value)}" if len(value) > 1 else value[0])
        else:
            said.append(f"of {name} {' or '.join(value)}")
    return " and ".join(said)


def _source(rule: Stock | Margin) -> str:
    column = rule.column or rule.kind
    return f"{column} of {rule.file}" if rule.file else f"{column} of the catalogue"


def _unlisted(rule: Stock, act: Act) -> str:
    """How many products the source says nothing of, and what becomes of them."""
    missing = len(act.touched) - (act.column.n_known if act.column else 0)
    if not missing:
        return ""
    return f"; {missing:,} that it does not name are {_UNLISTED[rule.unlisted]}"


def _for(rule: ShopRule) -> str:
    lists = (
        "all"
        if set(rule.lists) == set(LIST_KINDS)
        else ", ".join(map(_LISTS.__getitem__, rule.lists))
    )
    context, said = rule.for_, [lists]
    if context.users is not None:
        said.append(f"{len(context.users)} named users")
    if context.min_history is not None:
        said.append(f"histories of at least {context.min_history}")
    if context.max_history is not None:
        said.append(f"histories of at most {context.max_history}")
    if context.likes is not None:
        said.append(f"histories with {context.likes}")
    if context.category is not None:
        said.append(f"questions about {context.category}")
    return "; ".join(said)


def _unpinned(act: Act, rules: VersionRules) -> str:
    """Why a pinned item is in no list; "" where it is."""
    stocks = (other for other in rules.acts if isinstance(other.rule, Stock))
    if not isinstance(act.rule, Pin):
        return ""
    out = next((other.name for other in stocks if other.touched[act.row]), None)
    return f"out of stock by {out!r}, so in no list" if out else ""


def _state(rule: ShopRule, day: date) -> str:
    if rule.from_ and day < rule.from_:
        return f"from {rule.from_}"
    if rule.until and day > rule.until:
        return f"over since {rule.until}"
    return f"until {rule.until}" if rule.until else "in force"
