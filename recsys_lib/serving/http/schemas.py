"""The fields of every request and response."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from recsys_lib.search import Filters, KnownFields, Mode
from recsys_lib.serving._checks import LONGEST_QUERY
from recsys_lib.serving._similar import By

MOST_RESULTS = 1000
LONGEST_ID = 1000
LONGEST_HISTORY = 1000

Count = Annotated[int, Field(ge=1, le=MOST_RESULTS, description="most rows to return")]
ItemId = Annotated[str, Field(min_length=1, examples=["B07G2MSBWK"])]
AskedItem = Annotated[ItemId, Field(max_length=LONGEST_ID)]
AskedUser = Annotated[
    str, Field(min_length=1, max_length=LONGEST_ID, examples=["AGKASBHYZPGTEPO6LWZPVJWB2BVA"])
]
Title = Annotated[str | None, Field(examples=["Water filter, pack of 3"])]
ImageUrl = Annotated[str | None, Field(examples=["https://example.org/filter.jpg"])]
Score = Annotated[float, Field(description="ranks the rows of one answer; has no other meaning")]
ModelType = Literal["mf", "ss"]


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


class Recommendation(BaseModel):
    """A recommended item."""

    item_id: ItemId
    score: Score
    title: Title
    image_url: ImageUrl


class Similar(BaseModel):
    """Best first."""

    recommendations: list[Recommendation]


class Pick(Recommendation):
    """A recommended item, and why it is."""

    reason: Annotated[
        str | None,
        Field(
            description="null for a version that was not evaluated",
            examples=["because you liked Water filter, pack of 3"],
        ),
    ]


class Recommendations(BaseModel):
    """Best first."""

    recommendations: list[Pick]


class Item(BaseModel):
    """What is known of an item."""

    item_id: ItemId
    title: Title
    image_url: ImageUrl


class SearchResult(BaseModel):
    """A found product."""

    product_id: ItemId
    title: Title
    score: Score
    image_url: ImageUrl


class SearchResults(BaseModel):
    """Best first."""

    results: list[SearchResult]


class DatabaseStatus(BaseModel):
    """Counts of the database; zeros when there is none."""

    n_ratings: int
    n_users: int
    n_products: int
    avg_rating: float | None


class FactorizationStatus(BaseModel):
    """Status is trained, training, failed or not_trained; counts are of the served model."""

    status: str
    n_users: int
    n_items: int
    n_factors: int | None


class SearchStatus(BaseModel):
    """Status is trained, training, failed or not_trained; counts are of the served index."""

    status: str
    n_products: int
    embedding_dimension: int | None


class Status(BaseModel):
    """State of the database and the served models."""

    database: DatabaseStatus
    matrix_factorization: FactorizationStatus
    similarity_search: SearchStatus
    problem: Annotated[
        str | None,
        Field(description="only where the champion cannot be opened and an older one is served"),
    ] = None


class TrainingAnswer(BaseModel):
    """Status is started, running, already_trained, or after waiting success or failed.

    Stats are sizes and metrics of the served model.
    """

    model_config = ConfigDict(protected_namespaces=())

    status: Literal["started", "running", "already_trained", "success", "failed"]
    message: str
    model_type: ModelType
    stats: dict[str, Any]
    parameters: Annotated[
        dict[str, Any],
        Field(description="of the training, where they are not the defaults"),
    ]


class Health(BaseModel):
    """The service runs."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """The service answers from this version."""

    status: Literal["ready"] = "ready"
    version: str


class Problem(BaseModel):
    """Why there is no answer, and what to do about it."""

    detail: str
