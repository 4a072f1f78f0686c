"""What each kind of rule says: its fields, their types and ranges."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

ListKind = Literal["user", "history", "similar", "search"]
LIST_KINDS: tuple[ListKind, ...] = get_args(ListKind)
FOR_PEOPLE: tuple[ListKind, ...] = ("user", "history", "similar")
"""Search finds what was asked for: only rules that name it, or leave products out, change it."""

MOST_PLACES = 1000
LARGEST_FACTOR = 100.0


def _is_text(value: object) -> object:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"must be a text: write '{value}' in quotes")
    return value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, (str, int, float)) else value


def _day(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be a day such as 2026-11-30")
    return value


def _more_than_1(factor: float) -> float:
    if factor <= 1:
        raise ValueError("must be more than 1: less is a bury")
    return factor


def _less_than_1(factor: float) -> float:
    if factor >= 1:
        raise ValueError("must be less than 1: more is a boost")
    return factor


def _some(at_most: int) -> int:
    if at_most < 1:
        raise ValueError("must be at least 1: none at all is a ban")
    return at_most


Text = Annotated[str, BeforeValidator(_is_text), Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), Field(min_length=1)]
Day = Annotated[date, BeforeValidator(_day)]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Context(_Fields):
    """Which lists a rule is for; all conditions must hold.

    Parameters
    ----------
    lists: kinds of lists.
    users: ids of known users.
    min_history, max_history: number of items in the history.
    likes: a category that the history has an item of.
    category: of the product that similar ones are asked for, or that the question filters by.
    """

    lists: Annotated[tuple[ListKind, ...], BeforeValidator(_one_or_many)] | None = None
    users: Texts | None = None
    min_history: Annotated[int, Field(ge=0)] | None = None
    max_history: Annotated[int, Field(ge=0)] | None = None
    likes: Text | None = None
    category: Text | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.min_history, self.max_history
        if low is not None and high is not None and low > high:
            raise ValueError(f"min_history {low} is more than max_history {high}")
        return self


class ShopRule(_Fields):
    """What all rules have.

    Parameters
    ----------
    name: says in lists which rule moved an item; no two rules share one.
    from_, until: first and last day (UTC); by default always.
    for_: which lists.
    """

    kind: ClassVar[str]
    default_lists: ClassVar[tuple[ListKind, ...]] = FOR_PEOPLE

    name: Annotated[Text, Field(max_length=80)]
    from_: Annotated[Day | None, Field(alias="from")] = None
    until: Day | None = None
    for_: Annotated[Context, Field(alias="for")] = Context()

    @model_validator(mode="after")
    def _check_days(self) -> Self:
        if self.from_ and self.until and self.from_ > self.until:
            raise ValueError(f"it ends ({self.until}) before it begins ({self.from_})")
        return self

    @property
    def source(self) -> Path | None:
        """A file beside the rules that it needs."""
        return None

    @property
    def lists(self) -> tuple[ListKind, ...]:
        """The kinds of lists that it changes."""
        return self.default_lists if self.for_.lists is None else self.for_.lists

    def is_in_force(self, day: date) -> bool:
        """Whether the day is one of its days."""
        return (self.from_ or day) <= day <= (self.until or day)

    def may_meet(self, other: ShopRule) -> bool:
        """Whether both are in force on a common day for a common kind of list."""
        begins = max(self.from_ or date.min, other.from_ or date.min)
        ends = min(self.until or date.max, other.until or date.max)
        return begins <= ends and bool({*self.lists} & {*other.lists})


class Pin(ShopRule):
    """An item at a place of the list."""

    kind = "pin"

    item: Text
    position: Annotated[int, Field(ge=1, le=MOST_PLACES, strict=True)] = 1


class _Selecting(ShopRule):
    """A rule about some products: all conditions must hold, of several names any."""

    items: Texts | None = None
    brands: Texts | None = None
    categories: Texts | None = None
    stores: Texts | None = None
    price_below: Annotated[float, Field(gt=0)] | None = None
    price_above: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _check_conditions(self) -> Self:
        if not self.conditions:
            raise ValueError(f"it is about no product: give {', '.join(CONDITIONS)}")
        low, high = self.price_above, self.price_below
        if low is not None and high is not None and low >= high:
            raise ValueError(f"no price is above {low:g} and below {high:g}")
        return self

    @property
    def conditions(self) -> dict[str, Any]:
        """The given conditions by name."""
        given = {name: getattr(self, name) for name in CONDITIONS}
        return {name: value for name, value in given.items() if value is not None}


CONDITIONS = ("items", "brands", "categories", "stores", "price_below", "price_above")


class Ban(_Selecting):
    """Products that no list has."""

    kind = "ban"
    default_lists = LIST_KINDS


class Boost(_Selecting):
    """Products whose score is multiplied by more than 1."""

    kind = "boost"

    factor: Annotated[float, AfterValidator(_more_than_1), Field(le=LARGEST_FACTOR)]


class Bury(_Selecting):
    """Products whose score is multiplied by less than 1."""

    kind = "bury"

    factor: Annotated[float, AfterValidator(_less_than_1), Field(gt=0)]


class _OfColumn(ShopRule):
    """A rule by a number of each product, from a file or from the catalogue."""

    file: Path | None = None
    column: Text | None = None

    @property
    def source(self) -> Path | None:
        """The file, where there is one."""
        return self.file

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if self.file is None and self.column is None:
            raise ValueError(
                f"give file (CSV or Parquet with item_id and {self.kind}), or column, "
                "of the catalogue"
            )
        return self


class Stock(_OfColumn):
    """Products that can be had; lists have no others."""

    kind = "stock"
    default_lists = LIST_KINDS

    unlisted: Literal["leave out", "keep"] = "leave out"


class Cap(ShopRule):
    """A limit to the items of one category, brand or store in a list."""

    kind = "cap"

    by: Literal["category", "brand", "store"]
    at_most: Annotated[int, AfterValidator(_some), Field(strict=True)]
    names: Texts | None = None


class Variants(ShopRule):
    """A limit to the variants of a product in a list, also where a question wants them all."""

    kind = "variants"
    default_lists = LIST_KINDS

    at_most: Annotated[int, Field(ge=1, strict=True)] = 1


class Margin(_OfColumn):
    """A number of each product, such as its margin, that counts beside the score."""

    kind = "margin"

    weight: Annotated[float, Field(gt=0, lt=1)]


KINDS: dict[str, type[ShopRule]] = {
    kind.kind: kind for kind in (Pin, Ban, Boost, Bury, Stock, Cap, Variants, Margin)
}
"""Kinds of rules by their name in a file, in the order in which a check tells of them."""
