"""Every parameter of every step: name, type, default, range and help, in one place.

The ``parameters`` cell of a notebook repeats names and defaults as literals, so that papermill
can inject them and a reader can change them; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from recsys_lib.columns import Products
from recsys_lib.errors import ParameterError, did_you_mean

DEFAULT_SEED = 42

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]


def _as_day(value: object) -> object:
    """YAML makes a date of 2020-01-31."""
    return value.isoformat() if type(value) is date else value


def _is_day(text: str) -> str:
    """A day as in ISO 8601, or nothing; ValueError for anything else."""
    if text:
        date.fromisoformat(text)
    return text


def _is_catalogue_field(name: str) -> str:
    if name not in Products.ALL:
        raise ValueError(f"no field of the catalogue{did_you_mean(name, Products.ALL)}")
    return name


Day = Annotated[str, BeforeValidator(_as_day), AfterValidator(_is_day)]
CatalogueField = Annotated[str, AfterValidator(_is_catalogue_field)]


class Section(BaseModel):
    """The parameters of one step; unknown names and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, protected_namespaces=())
    notebook: ClassVar[str]

    @classmethod
    def of(cls, variables: Mapping[str, Any]) -> Self:
        """The parameters among ``variables``: in a notebook ``of(globals())`` takes its cell's."""
        return cls(**{name: variables[name] for name in cls.model_fields})

    def check_data(self, counts: Mapping[str, int]) -> None:
        """Compare with the data, once its counts (users, items, ...) are known.

        Raises ParameterError for values that cannot work on it.
        """


class EtlParameters(Section):
    """01_etl: which files to read and how to understand them."""

    notebook: ClassVar[str] = "01_etl"

    source: Literal["auto", "amazon2023", "amazon2018", "amazon2023-csv", "movielens", "tables"] = (
        Field("auto", description="where the files come from; auto looks at names and fields")
    )
    mode: Literal["full", "append"] = Field(
        "full", description="append reads new files and lines only; the result is the same"
    )
    reviews: str = Field("", description="review file or glob in the dataset folder; '' finds it")
    products: str = Field("", description="product file or glob; '' finds it, 'none' has none")
    columns: dict[str, str] = Field(
        {}, description="our name of a review column -> its name in the file; '' is no column"
    )
    product_columns: dict[str, str] = Field(
        {}, description="our name of a product column -> its name in the file; '' is no column"
    )
    timestamp_unit: Literal["auto", "ms", "s", "order"] = Field(
        "auto", description="unit of times that are numbers; order: only their order has a meaning"
    )
    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="stop when more than this share of the lines is bad"
    )
    verified_only: bool = Field(False, description="models see verified purchases only")
    min_rating: float = Field(
        0.0, ge=0, description="models see ratings from here on; 0: all of them"
    )
    since: Day = Field("", description="models see ratings from this day on, 2020-01-31; '': all")
    until: Day = Field("", description="models see ratings up to this day; '': all")
    sample_users: int = Field(
        0, ge=0, description="models see so many users, a seeded random draw; 0: all"
    )
    min_user_ratings: int = Field(1, ge=1, description="models see users with so many ratings")
    min_item_ratings: int = Field(
        1, ge=1, description="and items with so many, again and again until both hold (k-core)"
    )
    seed: Seed = Field(DEFAULT_SEED, description="seed of the draw of users")

    @model_validator(mode="after")
    def _some_time_is_left(self) -> EtlParameters:
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since {self.since} is after until {self.until}")
        return self


class AlsParameters(Section):
    """02_train_als: implicit-feedback matrix factorization."""

    notebook: ClassVar[str] = "02_train_als"

    factors: int = Field(128, ge=1, le=4096, description="length of a user's or item's vector")
    regularization: float = Field(1.0, gt=0, description="weight of the squared norms, lambda")
    frequency_scaling: float = Field(
        0.0, ge=0, le=1, description="how lambda grows with a row's confidence; 0: not at all"
    )
    confidence: Literal["linear", "log", "constant"] = Field(
        "linear", description="of a rating r: alpha * r, 1 + alpha * log(1 + r), or alpha"
    )
    alpha: float = Field(10.0, gt=0, description="how much more a rating weighs than its absence")
    min_rating: float = Field(
        0.0, ge=0, description="lower ratings are no sign of liking; they still count as seen"
    )
    half_life_days: float = Field(
        0.0, ge=0, description="confidence halves in so many days before the newest; 0: never"
    )
    recency_half_life: float = Field(
        0.0, ge=0, description="in a query an item counts half for so many newer ones; 0: alike"
    )
    iterations: int = Field(100, ge=1, le=10_000, description="most passes over both sides")
    tolerance: float = Field(
        1e-4, ge=0, lt=1, description="stop when the loss falls by less than this share; 0: never"
    )
    validation_users: int = Field(
        0, ge=0, description="stop where recall for so many users is best; 0: go by the loss"
    )
    warm_start: str = Field(
        "", description="version whose factors to begin with, or 'champion'; '': at random"
    )
    solver: Literal["auto", "exact", "cg"] = Field(
        "auto", description="how a row is solved; auto: exactly where that is faster"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="where the solver runs; auto: on a GPU where there is one"
    )
    seed: Seed = Field(DEFAULT_SEED, description="seed of the starting factors")
    num_threads: int = Field(0, ge=0, description="threads of the solver; 0: all cores")

    @model_validator(mode="after")
    def _one_lambda_for_conjugate_gradient(self) -> AlsParameters:
        if self.solver == "cg" and (self.frequency_scaling or self.device == "cuda"):
            raise ValueError("solver cg goes neither with frequency_scaling nor with cuda")
        return self

    def check_data(self, counts: Mapping[str, int]) -> None:
        """More factors than users or items cannot be determined by the data."""
        users, items = counts["users"], counts["items"]
        if self.factors > min(users, items):
            raise ParameterError(
                f"als.factors is {self.factors}, but the data has only {users:,} users and "
                f"{items:,} items: choose at most {min(users, items)}"
            )


class EmbedParameters(Section):
    """03_embed_index: product texts to vectors, and an index to search them."""

    notebook: ClassVar[str] = "03_embed_index"

    model: str = Field(
        "all-MiniLM-L6-v2",
        description="sentence-transformers name or folder; the default ships as a package",
    )
    fields: list[CatalogueField] = Field(
        ["title", "features", "store", "description"],
        min_length=1,
        description="catalogue fields that make a product's text, most important first",
    )
    max_tokens: int = Field(64, ge=8, le=8192, description="longer texts are cut")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: bfloat16 or float16 where the hardware calculates in it"
    )
    batch_tokens: int = Field(
        0, ge=0, le=1 << 20, description="tokens encoded at once; 0: what suits the hardware"
    )
    word_weights: dict[CatalogueField, Annotated[int, Field(ge=1, le=20)]] = Field(
        {"title": 3, "features": 2, "store": 1, "description": 1, "categories": 1, "details": 1},
        min_length=1,
        description="fields whose words can be found, and how often each word counts",
    )
    language: str = Field("english", description="of the words' endings; none: leave them")
    index: Literal["auto", "exact", "hnsw", "ivf-sq8", "ivf-pq"] = Field(
        "auto", description="auto: by the number of products and the memory"
    )
    index_memory_mb: int = Field(4096, ge=1, description="memory that the index may take")
    index_recall: float = Field(
        0.95, gt=0, le=1, description="share of the ten nearest that an index has to find"
    )
    mode: Literal["hybrid", "semantic", "lexical"] = Field(
        "hybrid", description="how a search finds when it does not say how"
    )
    semantic_weight: float = Field(
        0.3, ge=0, le=1, description="share of meaning in a hybrid score, the rest is of words"
    )
    reranker: str = Field("", description="CrossEncoder, name or folder, that has the last word")
    rerank_top: int = Field(50, ge=1, le=1000, description="answers that it puts in order")


class EvaluateParameters(Section):
    """04_evaluate: learns the blend and measures all models; every item is ranked."""

    notebook: ClassVar[str] = "04_evaluate"

    split: Literal["last", "time", "random"] = Field(
        "last", description="hold out each user's last, all after one moment, or at random"
    )
    n_last: int = Field(1, ge=1, description="split last: how many of a user's interactions")
    share: float = Field(
        0.1, gt=0, le=0.5, description="split time and random: share of the interactions"
    )
    k_values: list[Annotated[int, Field(ge=1, le=1000)]] = Field(
        [5, 10, 20], min_length=1, description="list lengths at which metrics are computed"
    )
    max_users: int = Field(
        100_000, ge=1, description="evaluate at most this many users, a seeded random sample"
    )
    blend_users: int = Field(
        20_000, ge=1, description="learn the blend from at most so many users, a random sample"
    )
    ease_max_items: int = Field(
        5_000, ge=0, description="EASE takes part up to so many items; its memory is their square"
    )
    judgments: str = Field(
        "",
        description="file of judged queries in the dataset folder, CSV, TSV or Parquet; '': none",
    )
    search_queries: int = Field(
        100, ge=1, description="known items looked for when no queries were judged"
    )
    judgment_columns: dict[str, str] = Field(
        {}, description="query, item_id or rating -> its name in the file of judged queries"
    )
    seed: Seed = Field(DEFAULT_SEED, description="seed of samples, ties and intervals")


_Range = Annotated[list[float], Field(min_length=2, max_length=2)]
_Share = Annotated[float, Field(ge=0, le=1)]
_HalfLife = Annotated[float, Field(ge=0)]


class TuneParameters(Section):
    """tune_als: which parameters of ALS to try, and for how long. It is no step of the pipeline."""

    notebook: ClassVar[str] = "tune_als"

    study: str = Field(
        "als", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="name; a known one goes on"
    )
    trials: int = Field(30, ge=1, description="trials in all, those of earlier sessions included")
    minutes: float = Field(60.0, gt=0, description="begin no trial after so many minutes")
    users: int = Field(10_000, ge=1, description="measure on so many users, a seeded random draw")
    iterations: int = Field(15, ge=1, le=10_000, description="passes over both sides in a trial")
    factors: list[Annotated[int, Field(ge=1, le=4096)]] = Field(
        [32, 64, 128, 256], min_length=1, description="lengths of vectors to choose from"
    )
    regularization: _Range = Field([0.1, 300.0], description="lowest and highest lambda")
    alpha: _Range = Field([1.0, 300.0], description="lowest and highest alpha")
    confidences: list[Literal["linear", "log", "constant"]] = Field(
        ["linear", "log", "constant"], min_length=1, description="functions to choose from"
    )
    frequency_scaling: Annotated[list[_Share], Field(min_length=2, max_length=2)] = Field(
        [0.0, 1.0], description="lowest and highest exponent"
    )
    recency_half_lives: list[_HalfLife] = Field(
        [0.0, 0.5, 1.0, 2.0, 4.0], min_length=1, description="tried in each trial, without training"
    )
    seed: Seed = Field(DEFAULT_SEED, description="seed of the draws, the search and the factors")

    @model_validator(mode="after")
    def _ranges_ascend(self) -> TuneParameters:
        for name in ("regularization", "alpha", "frequency_scaling"):
            low, high = getattr(self, name)
            if low > high or (name != "frequency_scaling" and low <= 0):
                raise ValueError(f"{name} must be [lowest, highest], and lambda and alpha above 0")
        return self


SECTIONS: dict[str, type[Section]] = {
    "etl": EtlParameters,
    "als": AlsParameters,
    "embed": EmbedParameters,
    "evaluate": EvaluateParameters,
}
