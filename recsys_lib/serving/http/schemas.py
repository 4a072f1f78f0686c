"""The fields of every request and response."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from recsys_lib.search import Filters, KnownFields, Mode

MOST_RESULTS = 1000

Count = Annotated[int, Field(ge=1, le=MOST_RESULTS, description="most rows to return")]
ItemId = Annotated[str, Field(min_length=1, examples=["B07G2MSBWK"])]
UserId = Annotated[str, Field(min_length=1, examples=["AGKASBHYZPGTEPO6LWZPVJWB2BVA"])]
Title = Annotated[str | None, Field(examples=["Water filter, pack of 3"])]
ImageUrl = Annotated[str | None, Field(examples=["https://example.org/filter.jpg"])]
Score = Annotated[float, Field(description="ranks the rows of one answer; has no other meaning")]
ModelType = Literal["mf", "ss"]


class Request(KnownFields):
    """Refuses unknown fields, which may be misspelt, and values of another type ("10" for 10)."""

    model_config = ConfigDict(strict=True, protected_namespaces=())


class SimilarRequest(Request):
    """Items like this one."""

    item_id: ItemId
    n: Count = 10


class UserRequest(Request):
    """Items for a known user."""

    user_id: UserId
    n: Count = 10
    filter_already_liked: bool = True


class SearchRequest(Request):
    """Products whose text answers the query."""

    query: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1),
        Field(examples=["water filter for a french door fridge"]),
    ]
    top_k: Count = 10
    mode: Annotated[
        Mode | None,
        Field(description="hybrid is by meaning and by words; null: as the index was built"),
    ] = None
    filters: Filters | None = None
    offset: Annotated[
        int, Field(ge=0, le=10_000, description="leaves out the best products: the next page")
    ] = 0


class TrainingRequest(Request):
    """Train matrix factorization (mf) or similarity search (ss)."""

    model_type: ModelType
    force_retrain: bool = False


class Recommendation(BaseModel):
    """A recommended item."""

    item_id: ItemId
    score: Score
    title: Title
    image_url: ImageUrl


class Recommendations(BaseModel):
    """Best first."""

    recommendations: list[Recommendation]


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
    """Status is ready, training, failed or not_trained; counts are of the served model."""

    status: str
    n_users: int
    n_items: int
    n_factors: int | None


class SearchStatus(BaseModel):
    """Status is ready, training, failed or not_trained; counts are of the served index."""

    status: str
    n_products: int
    embedding_dimension: int | None


class Status(BaseModel):
    """State of the database and the served models."""

    database: DatabaseStatus
    matrix_factorization: FactorizationStatus
    similarity_search: SearchStatus


class TrainingAnswer(BaseModel):
    """Status is started, running or already_trained; stats are metrics of the served model."""

    model_config = ConfigDict(protected_namespaces=())

    status: str
    message: str
    model_type: ModelType
    stats: dict[str, Any]


class Problem(BaseModel):
    """Why there is no answer, and what to do about it."""

    detail: str
