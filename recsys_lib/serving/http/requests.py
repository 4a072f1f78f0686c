"""The fields of every request, and their bounds."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from recsys_lib.blend import Repeats
from recsys_lib.search import Filters, KnownFields, Mode
from recsys_lib.serving._checks import LONGEST_QUERY
from recsys_lib.serving._rankings import By
from recsys_lib.serving.http.schemas import ItemId, ModelType

MOST_RESULTS = 1000
LONGEST_ID = 1000
LONGEST_HISTORY = 1000
MOST_EXCLUDED = 1000
MOST_QUESTIONS = 100  # of a batch
MOST_ROWS = 10_000  # of a batch: reasons and variants of each row take time

Count = Annotated[int, Field(ge=1, le=MOST_RESULTS, description="most rows to return")]
AskedItem = Annotated[ItemId, Field(max_length=LONGEST_ID)]
AskedUser = Annotated[
    str, Field(min_length=1, max_length=LONGEST_ID, examples=["AGKASBHYZPGTEPO6LWZPVJWB2BVA"])
]


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
    """What every list can be asked for."""

    filters: StrictFilters | None = None
    exclude: Excluded
    diversity: Diversity = 0.0
    group_variants: Grouped = True


class SimilarRequest(ListRequest):
    """Items like this one."""

    item_id: AskedItem
    n: Count = 10
    by: Annotated[
        By | None,
        Field(description="als: what the same users like; text; blend; null: the best of them"),
    ] = None


class UserRequest(ListRequest):
    """Items for a known user."""

    user_id: AskedUser
    n: Count = 10
    filter_already_liked: bool = True


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


class TrainingRequest(Request):
    """Train matrix factorization (mf) or similarity search (ss)."""

    model_type: ModelType
    force_retrain: bool = False
    wait: Annotated[bool, Field(description="answer when the training has ended")] = False
