"""The fields of every request, and their bounds."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    AwareDatetime,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from recsys_lib.blend import Repeats
from recsys_lib.errors import QueryError
from recsys_lib.loop import EventType
from recsys_lib.loop.records import event_time
from recsys_lib.search import Filters, KnownFields, Mode
from recsys_lib.serving._checks import LONGEST_QUERY
from recsys_lib.serving._rankings import By
from recsys_lib.serving.http.schemas import ItemId, ModelType

MOST_RESULTS = 1000
LONGEST_ID = 1000
LONGEST_HISTORY = 1000
MOST_EXCLUDED = 1000
MOST_EVENTS = 1000
MOST_QUESTIONS = 100  # of a batch
MOST_ROWS = 10_000  # of a batch: reasons and variants of each row take time

Count = Annotated[int, Field(ge=1, le=MOST_RESULTS, description="most rows to return")]
AskedItem = Annotated[ItemId, Field(max_length=LONGEST_ID)]
AskedUser = Annotated[
    str, Field(min_length=1, max_length=LONGEST_ID, examples=["AGKASBHYZPGTEPO6LWZPVJWB2BVA"])
]


Reference = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Excluded = Annotated[
    list[AskedItem],
    Field(default_factory=list, max_length=MOST_EXCLUDED, description="items to leave out"),
]
Diversity = Annotated[
    float, Field(ge=0, le=1, allow_inf_nan=False, description="0: best first; 1: all different")
]
Grouped = Annotated[bool, Field(description="one row for all sizes and colours of a product")]


class Request(KnownFields):
    """Refuses unknown fields, which may be misspelt, and values of another type ("10" for 10)."""

    model_config = ConfigDict(strict=True, protected_namespaces=())


class StrictFilters(Filters):
    """Conditions on items, as strict as every other field."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class ListRequest(Request):
    """What every list can be asked for, and by whom."""

    user_id: AskedUser | None = None
    session_id: Annotated[
        str | None,
        Field(min_length=1, max_length=LONGEST_ID, description="who asks, where no user is known"),
    ] = None
    filters: StrictFilters | None = None
    exclude: Excluded
    diversity: Diversity = 0.0
    group_variants: Grouped = True

    @property
    def question(self) -> str:
        """What is asked, as text."""
        raise NotImplementedError

    @property
    def start(self) -> int:
        """How many of the best rows are left out."""
        return 0

    @property
    def end(self) -> int:
        """Place of the last row, from 1."""
        raise NotImplementedError

    def from_start(self) -> Self:
        """The same question without leaving out the best rows."""
        return self


class SimilarRequest(ListRequest):
    """Items like this one."""

    item_id: AskedItem
    n: Count = 10
    by: Annotated[
        By | None,
        Field(description="als: what the same users like; text; blend; null: the best of them"),
    ] = None

    @property
    def question(self) -> str:
        """The item."""
        return self.item_id

    @property
    def end(self) -> int:
        """Place of the last row, from 1."""
        return self.n


class UserRequest(ListRequest):
    """Items for a known user."""

    user_id: AskedUser
    n: Count = 10
    filter_already_liked: bool = True

    @property
    def question(self) -> str:
        """The user."""
        return self.user_id

    @property
    def end(self) -> int:
        """Place of the last row, from 1."""
        return self.n


class ExplanationRequest(Request):
    """A user and an item."""

    user_id: AskedUser
    item_id: AskedItem
    n: Annotated[
        int, Field(ge=1, le=MOST_RESULTS, description="length of the list that is asked about")
    ] = 10
    repeats: Annotated[
        Repeats, Field(description="items of the user's history: leave out, allow, or only them")
    ] = "exclude"
    filters: StrictFilters | None = None
    exclude: Excluded
    diversity: Diversity = 0.0
    group_variants: Grouped = True


class HistoryRequest(ListRequest):
    """Items for anybody who took these items, oldest first."""

    item_ids: Annotated[list[AskedItem], Field(max_length=LONGEST_HISTORY)]
    n: Count = 10

    @property
    def question(self) -> str:
        """The items, newest last."""
        return ", ".join(self.item_ids)

    @property
    def end(self) -> int:
        """Place of the last row, from 1."""
        return self.n


class SearchRequest(ListRequest):
    """Products whose text answers the query."""

    query: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_QUERY),
        Field(examples=["water filter for a french door fridge"]),
    ]
    top_k: Count = 10
    mode: Annotated[
        Mode | None,
        Field(description="hybrid is by meaning and by words; null: as the index was built"),
    ] = None
    offset: Annotated[
        int, Field(ge=0, le=10_000, description="leaves out the best products: the next page")
    ] = 0
    group_variants: bool = False

    @property
    def question(self) -> str:
        """The words."""
        return self.query

    @property
    def start(self) -> int:
        """How many of the best rows are left out."""
        return self.offset

    @property
    def end(self) -> int:
        """Place of the last row, from 1."""
        return self.offset + self.top_k

    def from_start(self) -> Self:
        """The same question without leaving out the best rows."""
        return self.model_copy(update={"offset": 0, "top_k": self.end})


class BatchRequest(Request):
    """Many questions at once, at most ``MOST_QUESTIONS``, for at most ``MOST_ROWS`` rows."""

    users: list[UserRequest] = Field(default_factory=list)
    histories: list[HistoryRequest] = Field(default_factory=list)
    similar: list[SimilarRequest] = Field(default_factory=list)
    searches: list[SearchRequest] = Field(default_factory=list)

    @model_validator(mode="after")
    def _few_enough(self) -> Self:
        lists: list[UserRequest | HistoryRequest | SimilarRequest]
        lists = [*self.users, *self.histories, *self.similar]
        n = len(lists) + len(self.searches)
        if not 1 <= n <= MOST_QUESTIONS:
            raise PydanticCustomError(
                "questions", "{n} questions: ask 1 to {most}", {"n": n, "most": MOST_QUESTIONS}
            )
        rows = sum(asked.n for asked in lists) + sum(asked.top_k for asked in self.searches)
        if rows > MOST_ROWS:
            raise PydanticCustomError(
                "rows",
                "{n} rows in all: ask for at most {most} (n and top_k of all questions)",
                {"n": f"{rows:,}", "most": f"{MOST_ROWS:,}"},
            )
        return self


class EventBody(Request):
    """What somebody did with an item; ``list_id`` is that of the answer in which it stood."""

    type: EventType
    item_id: AskedItem
    list_id: Reference | None = None
    user_id: Reference | None = None
    session_id: Reference | None = None
    event_id: Annotated[
        Reference | None,
        Field(description="with an id an event can be sent again, and is kept once"),
    ] = None
    time: Annotated[
        AwareDatetime | None, Field(strict=False, description="null: when it arrives")
    ] = None

    @field_validator("time")
    @classmethod
    def _possible(cls, time: AwareDatetime | None) -> AwareDatetime | None:
        if time is not None:
            try:
                event_time(time)
            except QueryError as error:
                raise PydanticCustomError("when", "{problem}", {"problem": str(error)}) from error
        return time

    @model_validator(mode="after")
    def _of_somebody(self) -> Self:
        if not (self.list_id or self.user_id or self.session_id):
            raise PydanticCustomError("whose", "give a list_id, a user_id or a session_id")
        return self

    def facts(self) -> dict[str, Any]:
        """What is known, by the names of :class:`recsys_lib.loop.Event`."""
        known = self.model_dump(exclude_none=True)
        if self.time is not None:
            known["time"] = event_time(self.time)
        return known


class EventsRequest(Request):
    """Events, at most ``MOST_EVENTS``."""

    events: Annotated[list[EventBody], Field(min_length=1, max_length=MOST_EVENTS)]


class TrainingRequest(Request):
    """Train matrix factorization (mf) or similarity search (ss)."""

    model_type: ModelType
    force_retrain: bool = False
    wait: Annotated[bool, Field(description="answer when the training has ended")] = False
