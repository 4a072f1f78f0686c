"""The fields of every request, and their bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from recsys_lib.search import Filters, KnownFields, Mode
from recsys_lib.serving._checks import LONGEST_QUERY
from recsys_lib.serving._rankings import By
from recsys_lib.serving.http.schemas import ItemId, ModelType

MOST_RESULTS = 1000
LONGEST_ID = 1000
LONGEST_HISTORY = 1000

Count = Annotated[int, Field(ge=1, le=MOST_RESULTS, description="most rows to return")]
AskedItem = Annotated[ItemId, Field(max_length=LONGEST_ID)]
AskedUser = Annotated[
    str, Field(min_length=1, max_length=LONGEST_ID, examples=["AGKASBHYZPGTEPO6LWZPVJWB2BVA"])
]


class Request(KnownFields):
    """Refuses unknown fields, which may be misspelt, and values of another type ("10" for 10)."""

    model_config = ConfigDict(strict=True, protected_namespaces=())


class SearchFilters(Filters):
    """Conditions of a search, as strict as every other field."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class SimilarRequest(Request):
    """Items like this one."""

    item_id: AskedItem
    n: Count = 10
    by: Annotated[
        By, Field(description="als: what the same users like; text; blend: what is recommended")
    ] = "als"


class UserRequest(Request):
    """Items for a known user."""

    user_id: AskedUser
    n: Count = 10
    filter_already_liked: bool = True


class HistoryRequest(Request):
    """Items for anybody who took these items, oldest first."""

    item_ids: Annotated[list[AskedItem], Field(max_length=LONGEST_HISTORY)]
    n: Count = 10


class SearchRequest(Request):
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
    filters: SearchFilters | None = None
    offset: Annotated[
        int, Field(ge=0, le=10_000, description="leaves out the best products: the next page")
    ] = 0


class TrainingRequest(Request):
    """Train matrix factorization (mf) or similarity search (ss)."""

    model_type: ModelType
    force_retrain: bool = False
    wait: Annotated[bool, Field(description="answer when the training has ended")] = False
