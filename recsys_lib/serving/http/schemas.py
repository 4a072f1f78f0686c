"""The fields of every answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from recsys_lib.registry import Change, Live
from recsys_lib.serving._explanations import Status as ItemStatus

ItemId = Annotated[str, Field(min_length=1, examples=["B07G2MSBWK"])]
Title = Annotated[str | None, Field(examples=["Water filter, pack of 3"])]
ImageUrl = Annotated[str | None, Field(examples=["https://example.org/filter.jpg"])]
Score = Annotated[float, Field(description="ranks the rows of one answer; has no other meaning")]
Variants = Annotated[
    list[ItemId], Field(description="other sizes, colours and the like of the same product")
]
Far = Annotated[
    bool, Field(description="no word of the query, and a meaning too far from it to answer it")
]
ModelType = Literal["mf", "ss"]


Source = Annotated[str, Field(exclude=True, description="for the log")]


class LeftOut(BaseModel):
    """An item that the list would have without a rule of the shop."""

    item_id: ItemId
    rule: str


class ServedAnswer(BaseModel):
    """A list; where the service logs what it serves, with an id that events can name.

    Where the shop has rules, it says which they were, and what they left out.
    """

    _ROWS: ClassVar[str] = "recommendations"

    list_id: Annotated[str | None, Field(description="for POST /events")] = None
    rules: Annotated[str | None, Field(description="fingerprint of the rules of the shop")] = None
    left_out: Annotated[
        list[LeftOut] | None, Field(description="what the list would have without a rule")
    ] = None

    @property
    def rows(self) -> Sequence[Row]:
        """Its rows, best first."""
        raise NotImplementedError

    def with_rows(self, rows: Sequence[Row]) -> Self:
        """The same answer with other rows of the same kind."""
        return self.model_copy(update={self._ROWS: list(rows)})


class Row(BaseModel):
    """What all rows have."""

    score: Score
    title: Title
    image_url: ImageUrl
    variants: Variants
    source: Source = ""
    rule: Annotated[
        str | None, Field(description="only where the shop has rules: those that moved the item")
    ] = None

    @property
    def id(self) -> str:
        """The item or product."""
        raise NotImplementedError


class Recommendation(Row):
    """A recommended item."""

    item_id: ItemId

    @property
    def id(self) -> str:
        """The item."""
        return self.item_id


class Similar(ServedAnswer):
    """Best first."""

    recommendations: list[Recommendation]

    @property
    def rows(self) -> Sequence[Row]:
        """Its rows, best first."""
        return self.recommendations


class Pick(Recommendation):
    """A recommended item, and why it is."""

    reason: Annotated[
        str | None,
        Field(
            description="null for a version that was not evaluated",
            examples=["because you liked Water filter, pack of 3"],
        ),
    ]


class Recommendations(ServedAnswer):
    """Best first."""

    recommendations: list[Pick]

    @property
    def rows(self) -> Sequence[Row]:
        """Its rows, best first."""
        return self.recommendations


class Standing(BaseModel):
    """An item in one candidate source."""

    source: str
    rank: Annotated[int | None, Field(description="among the items that the user does not have")]
    score: Annotated[float, Field(description="1 for the best item of the source")]
    weight: Annotated[float, Field(description="what the source adds to its best item")]
    contribution: Annotated[float, Field(description="what it adds here; these add up")]
    possible: Annotated[float, Field(description="what more it would add to its best item")]


class Explanation(BaseModel):
    """Where an item stands for a user."""

    user_id: str
    item_id: ItemId
    title: str
    status: ItemStatus
    rank: Annotated[int | None, Field(description="place in the list; null where it is in none")]
    score: Score | None
    gap: Annotated[float | None, Field(description="what it lacks to be among the first n")]
    sources: list[Standing]
    sentence: Annotated[str, Field(description="the same in words")]


class Item(BaseModel):
    """What is known of an item."""

    item_id: ItemId
    title: Title
    image_url: ImageUrl


class SearchResult(Row):
    """A found product."""

    product_id: ItemId
    far: Far

    @property
    def id(self) -> str:
        """The product."""
        return self.product_id


class SearchResults(ServedAnswer):
    """Best first."""

    _ROWS: ClassVar[str] = "results"

    results: list[SearchResult]

    @property
    def rows(self) -> Sequence[Row]:
        """Its rows, best first."""
        return self.results


class EventsAnswer(BaseModel):
    """Events that are on the disk now."""

    accepted: int
    repeated: Annotated[int, Field(description="events whose event_id was there before")]


class BatchProblem(BaseModel):
    """What the question would have got alone: a status code, and why."""

    code: int
    detail: str


class Batch(BaseModel):
    """One answer for each question, in the same order; a problem where there is none."""

    users: list[Recommendations | BatchProblem]
    histories: list[Recommendations | BatchProblem]
    similar: list[Similar | BatchProblem]
    searches: list[SearchResults | BatchProblem]


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
    ready: Annotated[
        Literal["static"] | None,
        Field(description="static: by the vectors of tokens; only before the full ones are there"),
    ] = None


class RulesStatus(BaseModel):
    """The rules of the shop that are in force, and changes of their file that were refused."""

    fingerprint: str
    n_rules: int
    refused: Annotated[int, Field(description="changed files with a mistake; the old rules stayed")]
    problem: Annotated[str | None, Field(description="of the file as it is now")]


class Status(BaseModel):
    """State of the database and the served models."""

    database: DatabaseStatus
    matrix_factorization: FactorizationStatus
    similarity_search: SearchStatus
    problem: Annotated[
        str | None,
        Field(description="only where the champion cannot be opened and an older one is served"),
    ] = None
    rules: Annotated[RulesStatus | None, Field(description="only where the shop has rules")] = None


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


class TimeServed(BaseModel):
    """A time during which a version was served."""

    since: Annotated[str, Field(description="UTC, ISO 8601")]
    until: Annotated[
        str | None,
        Field(description="null while it lasts; empty where a damaged line of the log hides it"),
    ]
    reason: str
    by: str

    @classmethod
    def of(cls, live: Live) -> TimeServed:
        """As the registry knows it."""
        return cls(**live.as_dict())


class ModelVersion(BaseModel):
    """A version of the models."""

    version: str
    served: bool
    published_at: Annotated[str | None, Field(description="UTC; null for a damaged manifest")]
    parts: list[str]
    live: Annotated[list[TimeServed], Field(description="oldest first; empty if it never was")]


class Models(BaseModel):
    """All versions, newest first."""

    served: Annotated[str | None, Field(description="the version that champion.json names")]
    models: list[ModelVersion]
    problems: list[str]


class ModelChange(BaseModel):
    """A change of the version that is served."""

    time: Annotated[str, Field(description="UTC, ISO 8601")]
    from_: Annotated[str | None, Field(alias="from", description="null for the first version")]
    to: str
    reason: str
    by: Annotated[str, Field(description="a program such as run, or user@host")]
    rollback: Annotated[int, Field(description="how many changes it goes back; 0 for none")] = 0

    @classmethod
    def of(cls, change: Change) -> ModelChange:
        """As the registry knows it."""
        return cls(**change.as_dict())


class ModelHistory(BaseModel):
    """All changes, newest first, and a sentence for each line of the log that is damaged."""

    changes: list[ModelChange]
    problems: list[str]


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
