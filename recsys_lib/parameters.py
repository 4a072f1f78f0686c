"""Every parameter of every step: name, type, default, range and help text.

This is the only place for defaults. The ``parameters`` cell of each notebook repeats names and
defaults as literals, so that papermill can inject values and a reader can change them. A test
keeps the two in step.
"""

from __future__ import annotations

import re
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
RULE_COST_USERS = 2_000
"""So many test users are compared to tell what rules cost."""
KEEP_RUNS = 5
"""How many of the newest runs of a dataset ``recsys clean`` keeps."""
KEEP_CHANGES = 3
"""Versions that were served within this many changes of champion are kept, too."""
FEATURE_DAYS = 30
"""Days from one time of the feature tables of ``recsys features`` to the next."""

FULL_WEIGHT = 1.0
EVENT_WEIGHTS = {"purchase": FULL_WEIGHT, "cart": 0.5, "click": 0.2, "view": 0.0, "dismiss": 0.0}
"""Type of an event -> its weight in an update: events that add up to 1 are an interaction."""

_SECRET = re.compile(r"secret|token|passw|api_?key|credential", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*:/.*", re.IGNORECASE)
_PASSWORD = re.compile(r"[^:]+://[^/@]*:[^/@]*@")
_ENCODINGS = ("utf-8", "cp1252", "latin-1", "cp1250", "cp1251", "utf-16", "shift-jis", "gb18030")

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]


def _as_day(value: object) -> object:
    """Turn a date back into text: YAML reads 2020-01-31 as a date."""
    return value.isoformat() if type(value) is date else value


def _is_day(text: str) -> str:
    """Accept an ISO 8601 day or an empty text; ValueError for anything else."""
    if text:
        date.fromisoformat(text)
    return text


def _as_switch(value: object) -> object:
    """Turn a truth value back into text: YAML reads on and off as true and false."""
    return ("on" if value else "off") if isinstance(value, bool) else value


def _as_names(value: object) -> object:
    """Turn numbers of columns into names: a file without a header has columns 1, 2, 3."""
    if isinstance(value, list):
        return [_as_names(one) for one in value]
    return str(value) if type(value) is int else value


def _is_catalogue_field(name: str) -> str:
    if name not in Products.ALL:
        raise ValueError(f"{name!r} is not a catalogue field{did_you_mean(name, Products.ALL)}")
    return name


def _is_encoding(name: str) -> str:
    try:
        "".encode(name if name != "auto" else "utf-8")
    except (LookupError, UnicodeError, ValueError) as error:
        raise ValueError(
            f"{name!r} is no encoding that Python knows{did_you_mean(name, _ENCODINGS)}"
        ) from error
    return name


def _is_separator(text: str) -> str:
    if not text or set(text) & set("\r\n\0"):
        raise ValueError('must be one or more characters, in quotes where YAML needs them: "|"')
    return text


def _is_quote(text: str) -> str:
    if text not in ("auto", "none") and (len(text) != 1 or not text.isascii() or text in "\r\n\0"):
        raise ValueError("must be a single ASCII character, none, or auto")
    return text


def _check_folder_url(text: str) -> None:
    if not _URL.fullmatch(text):
        raise ValueError(f"{text!r} is no URL: write one such as hdfs://HOST/shop or s3a://BUCKET")
    if _PASSWORD.match(text):
        raise ValueError(
            "the URL holds a password: set it in spark-defaults.conf, or by the environment of the "
            "cluster"
        )


def looks_secret(name: str) -> bool:
    """Whether the name of a parameter says that its value is a secret."""
    return _SECRET.search(name) is not None


def _holds_no_secret(settings: dict[str, SparkValue]) -> dict[str, SparkValue]:
    if secret := next((name for name in settings if looks_secret(name)), None):
        raise ValueError(
            f"{secret!r} looks like a secret: parameters are stored in the notebooks and the "
            "report, so set it in spark-defaults.conf, or by the environment of the cluster"
        )
    return settings


SPARK_FOLDER = "folder"
"""The key of spark that is no setting of Spark: where the executors read the input files."""
SparkValue = str | int | float | bool
SparkSettings = Annotated[dict[str, SparkValue], AfterValidator(_holds_no_secret)]
Engine = Literal["local", "spark"]
_ENGINE = "Where the work is done: local, or spark, on the executors of a cluster"
_SPARK = (
    "Settings of Spark: master, names without the leading spark., as in executor.memory, and "
    "folder: the URL of input files elsewhere"
)
Day = Annotated[str, BeforeValidator(_as_day), AfterValidator(_is_day)]
ColumnNames = Annotated[str | list[str], BeforeValidator(_as_names)]
Encoding = Annotated[str, AfterValidator(_is_encoding)]
Separator = Annotated[str, AfterValidator(_is_separator)]
Quote = Annotated[str, AfterValidator(_is_quote)]
CatalogueField = Annotated[str, AfterValidator(_is_catalogue_field)]


class Section(BaseModel):
    """The parameters of one step. Unknown names and wrong types are errors."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        protected_namespaces=(),
        allow_inf_nan=False,
        validate_default=True,  # 0 and 0.0 would be two cache keys
    )
    notebook: ClassVar[str]
    reads: ClassVar[Mapping[str, Literal["file", "model", "version"]]] = {}
    """Parameters that name what the step reads: when that changes, the step runs again."""

    @classmethod
    def from_variables(cls, variables: Mapping[str, Any]) -> Self:
        """Pick the parameters out of ``variables``, such as a notebook's ``globals()``.

        Raises
        ------
        KeyError
            When a parameter is missing.
        pydantic.ValidationError
            When a value has the wrong type or is out of range.

        Examples
        --------
        >>> values = EvaluateParameters(n_last=2).model_dump()
        >>> EvaluateParameters.from_variables({**values, "other": 1}).n_last
        2
        """
        return cls(**{name: variables[name] for name in cls.model_fields})

    def check_data(self, counts: Mapping[str, int]) -> None:
        """Check the parameters against the data, given its ``counts`` (users, items, ...).

        Raises ParameterError for a value that cannot work on this data.
        """


class EtlParameters(Section):
    """01_etl: which files to read and how to interpret them."""

    notebook: ClassVar[str] = "01_etl"

    source: Literal["auto", "amazon2023", "amazon2018", "amazon2023-csv", "movielens", "tables"] = (
        Field(
            "auto",
            description="Layout of the input files; auto: detected from file and column names",
        )
    )
    mode: Literal["full", "append"] = Field(
        "full", description="append reads only new files and lines, with the same result"
    )
    reviews: str = Field(
        "",
        description="Review file or glob in the dataset folder ('' = detect, 'none' = no reviews)",
    )
    products: str = Field(
        "", description="Product file or glob ('' = detect, 'none' = no products)"
    )
    columns: dict[str, ColumnNames] = Field(
        {},
        description="Our review column -> its name in the files, or a list of names; a name may "
        "lead into an object, as line.product.sku does ('' = ignore that column)",
    )
    product_columns: dict[str, ColumnNames] = Field(
        {}, description="Our product column -> its name or names, likewise ('' = ignore it)"
    )
    encoding: Encoding = Field(
        "auto", description="Encoding of all text files, such as cp1251; auto: as each file shows"
    )
    separator: Separator = Field(
        "auto", description="What separates the values of text tables; tab or \\t for a tab"
    )
    quote: Quote = Field("auto", description="Quote character of text tables; none: they have none")
    header: Literal["auto"] | bool = Field(
        "auto", description="Whether the first line of text tables names the columns"
    )
    timestamp_unit: Literal["auto", "s", "ms", "us", "ns", "order"] = Field(
        "auto", description="Unit of numeric times; order: they only give an order"
    )
    timestamp_format: str = Field(
        "", description="Form of the times, such as %d.%m.%Y %H:%M ('' = detect)"
    )
    decimal: Literal["auto", ".", ","] = Field(
        "auto", description="Decimal mark of prices and ratings; auto: as the values show"
    )
    max_bad_share: float = Field(
        0.05, ge=0, le=1, description="Stop if a larger share of the lines is rejected"
    )
    verified_only: bool = Field(False, description="Train on verified purchases only")
    min_rating: float = Field(
        0.0, ge=0, description="Train on ratings of at least this value (0 = all)"
    )
    since: Day = Field(
        "", description="Train on ratings from this day on, e.g. 2020-01-31 ('' = all)"
    )
    until: Day = Field("", description="Train on ratings up to this day ('' = all)")
    sample_users: int = Field(
        0, ge=0, description="Train on a random sample of this many users (0 = all)"
    )
    min_user_ratings: int = Field(
        1, ge=1, description="Train on users with at least this many ratings"
    )
    min_item_ratings: int = Field(
        1,
        ge=1,
        description="Train on items with at least this many ratings; both minima hold (k-core)",
    )
    seed: Seed = Field(DEFAULT_SEED, description="Seed for sampling users")
    engine: Engine = Field("local", description=_ENGINE)
    spark: SparkSettings = Field({}, description=_SPARK)

    @model_validator(mode="after")
    def _separator_is_no_quote(self) -> EtlParameters:
        if self.separator == self.quote != "auto":
            raise ValueError(f"separator and quote are both {self.quote!r}")
        return self

    @model_validator(mode="after")
    def _a_cluster_reads_everything(self) -> EtlParameters:
        if self.engine == "spark" and self.mode == "append":
            raise ValueError("engine spark reads everything: set mode to full, or engine to local")
        return self

    @model_validator(mode="after")
    def _spark_reads_other_folders(self) -> EtlParameters:
        if not self.folder:
            return self
        _check_folder_url(self.folder)
        if self.engine != "spark":
            raise ValueError(
                f"spark.folder is {self.folder}, which engine {self.engine} cannot read: set "
                "engine to spark, or copy the files by 'recsys fetch URL NAME'"
            )
        return self

    @property
    def folder(self) -> str:
        """URL of the folder that executors read, in a file system of Hadoop; "" for that here."""
        return str(self.spark.get(SPARK_FOLDER, ""))

    def check_folder(self, *, is_sample: bool) -> None:
        """Refuse files of one's own for the built-in sample."""
        if self.folder and is_sample:
            raise ParameterError(
                "spark.folder is set, but the dataset is the built-in sample: name yours, such as "
                "dataset=shop"
            )

    @model_validator(mode="after")
    def _since_is_not_after_until(self) -> EtlParameters:
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"since {self.since} is after until {self.until}")
        return self


class _AlsBase(Section):
    """What AlsParameters and AlsSettings share, in the order in which parameters are shown."""

    notebook: ClassVar[str] = "02_train_als"
    reads = {"warm_start": "version"}

    factors: Any
    regularization: Any
    frequency_scaling: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Exponent by which lambda grows with a row's total confidence (0 = constant)",
    )
    confidence: Any
    alpha: Any
    min_rating: float = Field(
        0.0, ge=0, description="Lower ratings count as seen but not as liked (0 = all are liked)"
    )
    half_life_days: float = Field(
        0.0,
        ge=0,
        description="Half-life of a rating's confidence, in days before the newest interaction "
        "(0 = off)",
    )
    recency_half_life: float = Field(
        0.0,
        ge=0,
        description="Half-life of an item in a user's history, counted in newer items (0 = off)",
    )
    iterations: int = Field(100, ge=1, le=10_000, description="Maximum number of iterations")
    tolerance: float = Field(
        1e-4,
        ge=0,
        lt=1,
        description="Stop when the loss falls by less than this fraction (0 = off)",
    )
    momentum: bool = Field(
        True,
        description="Start each iteration further on than the last one ended: about a third are "
        "needed (exact solver)",
    )
    validation_users: int = Field(
        0,
        ge=0,
        description="Stop at the best recall@10 on this many held-out users (0 = stop by loss)",
    )
    warm_start: str = Field(
        "", description="Start from the factors of this version, or of 'champion' ('' = random)"
    )
    solver: Literal["auto", "exact", "cg"] = Field(
        "auto", description="Closed form, conjugate gradient, or the faster one"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Device of the exact solver; auto: a GPU if there is one"
    )
    seed: Seed = Field(DEFAULT_SEED, description="Seed of the initial factors")
    num_threads: int = Field(0, ge=0, description="Threads of the solver (0 = all cores)")

    @model_validator(mode="after")
    def _one_lambda_for_conjugate_gradient(self) -> Self:
        if self.solver == "cg" and (self.frequency_scaling or self.device == "cuda"):
            raise ValueError("solver cg supports neither frequency_scaling nor cuda")
        return self


_Confidence = Literal["linear", "log", "constant"]
_CONFIDENCE = "Confidence of a rating r: alpha * r, 1 + alpha * log(1 + r), or alpha"
_ALPHA = "Scale of the confidence; higher values trust interactions more"
_Factors = Annotated[int, Field(ge=1, le=4096)]
_Positive = Annotated[float, Field(gt=0)]
AUTO: Literal["auto"] = "auto"


class AlsParameters(_AlsBase):
    """Matrix factorization with every parameter a value."""

    factors: _Factors = Field(128, description="Number of latent factors")
    regularization: _Positive = Field(1.0, description="Regularization of the factors, lambda")
    confidence: _Confidence = Field("linear", description=_CONFIDENCE)
    alpha: _Positive = Field(10.0, description=_ALPHA)

    def check_data(self, counts: Mapping[str, int]) -> None:
        """Refuse more factors than there are users or items."""
        _check_factors(self.factors, counts)


class AlsSettings(_AlsBase):
    """02_train_als: implicit-feedback matrix factorization; auto: chosen to fit the data."""

    factors: _Factors | Literal["auto"] = Field(
        AUTO, description="Number of latent factors; auto: chosen on held-out interactions"
    )
    regularization: _Positive | Literal["auto"] = Field(
        AUTO, description="Regularization of the factors, lambda; auto: chosen likewise"
    )
    confidence: _Confidence | Literal["auto"] = Field(
        AUTO, description=f"{_CONFIDENCE}; auto: constant"
    )
    alpha: _Positive | Literal["auto"] = Field(AUTO, description=f"{_ALPHA}; auto: 10")
    engine: Engine = Field("local", description=_ENGINE)
    spark: SparkSettings = Field({}, description=_SPARK)

    @model_validator(mode="after")
    def _what_spark_can_do(self) -> AlsSettings:
        only_here = [name for name in ("warm_start", "validation_users") if getattr(self, name)]
        only_here += [name for name in ("solver", "device") if getattr(self, name) != AUTO]
        if self.engine == "spark" and only_here:
            raise ValueError(f"engine spark has no {only_here[0]}: leave it out, or use local")
        return self

    def check_data(self, counts: Mapping[str, int]) -> None:
        """Refuse more factors than there are users or items."""
        if isinstance(self.factors, int):
            _check_factors(self.factors, counts)


def _check_factors(factors: int, counts: Mapping[str, int]) -> None:
    users, items = counts["users"], counts["items"]
    if factors > min(users, items):
        raise ParameterError(
            f"als.factors is {factors}, but the data has only {users:,} users and "
            f"{items:,} items: choose at most {min(users, items)}, or auto"
        )


class EmbedParameters(Section):
    """03_embed_index: encode product texts and index them for search."""

    notebook: ClassVar[str] = "03_embed_index"
    reads = {"model": "model", "reranker": "model", "judgments": "file"}

    model: str = Field(
        "all-MiniLM-L6-v2",
        description="Sentence-transformers model, name or folder; the default is installed",
    )
    fields: list[CatalogueField] = Field(
        ["title", "features", "store", "description"],
        min_length=1,
        description="Encoded fields, best first",
    )
    max_tokens: int = Field(64, ge=8, le=8192, description="Texts are cut after this many tokens")
    budget_seconds: float = Field(
        0.0, ge=0, description="Cut texts earlier where encoding would take longer (0 = off)"
    )
    backend: Literal["auto", "torch", "openvino", "static"] = Field(
        "auto",
        description="Library that runs the encoder; auto: the fastest here (static: none, the mean "
        "of the vectors of tokens)",
    )
    precision: Literal["auto", "float32", "bfloat16", "float16", "int8"] = Field(
        "auto", description="Number format of the encoder; auto: the fastest here"
    )
    batch_tokens: int = Field(
        0, ge=0, le=1 << 20, description="Tokens per batch (0 = chosen for the hardware)"
    )
    word_weights: dict[CatalogueField, Annotated[int, Field(ge=1, le=20)]] = Field(
        {"title": 3, "features": 2, "store": 1, "description": 1, "categories": 1, "details": 1},
        min_length=1,
        description="Fields of the lexical index, and the weight of a word in each",
    )
    language: str = Field(
        AUTO,
        description="Language of the stemmer; auto: that of the catalogue (none = no stemming)",
    )
    index: Literal["auto", "exact", "fast-scan", "hnsw", "ivf-pq"] = Field(
        "auto", description="Vector index; auto: chosen by catalogue size and memory"
    )
    index_memory_mb: int = Field(4096, ge=1, description="Memory limit of the vector index, in MB")
    index_recall: float = Field(
        0.95, gt=0, le=1, description="Recall of questions at 10 and 200 that the index must reach"
    )
    mode: Literal["hybrid", "semantic", "lexical"] = Field(
        "hybrid", description="Default search mode"
    )
    semantic_weight: Annotated[float, Field(ge=0, le=1)] | Literal["auto"] = Field(
        AUTO,
        description="Weight of the semantic score in hybrid search, the rest is lexical; auto: 0.3 "
        "unless judged queries, or queries made of product texts, show another to be better",
    )
    judgments: str = Field(
        "",
        description="File of judged queries in the dataset folder; half of them choose the weight "
        "of meaning ('' = none)",
    )
    judgment_columns: dict[str, str] = Field(
        {}, description="query, item_id or rating -> its name in the file of judged queries"
    )
    reranker: str = Field(
        "", description="CrossEncoder that re-ranks the results, name or folder ('' = none)"
    )
    rerank_top: int = Field(50, ge=1, le=1000, description="Number of results to re-rank")
    engine: Engine = Field("local", description=_ENGINE)
    spark: SparkSettings = Field({}, description=_SPARK)


class EvaluateParameters(Section):
    """04_evaluate: learn the blend and measure all models on held-out interactions."""

    notebook: ClassVar[str] = "04_evaluate"
    reads = {"judgments": "file"}

    split: Literal["last", "time", "random", "rolling"] = Field(
        "last",
        description="Hold out each user's last, all after one time, a random share, or what "
        "follows each of several times",
    )
    n_last: int = Field(1, ge=1, description="Held-out interactions per user (split: last)")
    last: Literal["item", "basket"] = Field(
        "item",
        description="basket: hold out all interactions of the last n_last moments (split: last)",
    )
    share: float = Field(
        0.1,
        gt=0,
        le=0.5,
        description="Held-out share of all interactions (split: time, random; rolling: after "
        "each time)",
    )
    cuts: int = Field(3, ge=1, le=20, description="Number of times to test after (split: rolling)")
    refit: bool = Field(
        True,
        description="Train again with the validation part before the test; false: it is only "
        "history, as in most published results",
    )
    k_values: list[Annotated[int, Field(ge=1, le=1000)]] = Field(
        [5, 10, 20], min_length=1, description="List lengths k at which metrics are computed"
    )
    max_users: int = Field(
        100_000, ge=1, description="Maximum number of test users, sampled at random"
    )
    precision: float = Field(
        0.002,
        ge=0,
        description="Stop adding test users when the paired 95 % interval of nDCG@10 between the "
        "served model and the best other one is this narrow to either side (0 = all users)",
    )
    blend_users: int = Field(
        20_000, ge=1, description="Maximum number of validation users that the blend learns from"
    )
    event_weights: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="Event type -> how much it says, 0 to 1 (empty = learned)"
    )
    target_events: list[str] = Field(
        [], description="Event types to predict, such as purchase (empty = all)"
    )
    ease_max_items: int = Field(
        5_000,
        ge=0,
        description="Solve EASE exactly up to this many items, and on neighbours above",
    )
    sequence: Annotated[Literal["auto", "on", "off"], BeforeValidator(_as_switch)] = Field(
        "auto",
        description="Sequence model among the sources; auto: where the data are large enough for "
        "it and training takes minutes",
    )
    sequence_minutes: float = Field(
        10.0, gt=0, description="Time limit of each training of the sequence model"
    )
    judgments: str = Field(
        "",
        description="File of judged queries in the dataset folder: CSV, TSV or Parquet ('' = none)",
    )
    search_queries: int = Field(
        100, ge=1, description="Number of known-item queries if there are no judged ones"
    )
    judgment_columns: dict[str, str] = Field(
        {}, description="query, item_id or rating -> its name in the file of judged queries"
    )
    seed: Seed = Field(DEFAULT_SEED, description="Seed of samples, tie order and intervals")


class MonitorParameters(Section):
    """05_monitor: what is compared, and from where on something is to be done."""

    notebook: ClassVar[str] = "05_monitor"

    days: int = Field(28, ge=1, description="Length of the newest period, in days")
    before_days: int = Field(
        84, ge=1, description="Length of the period before it, with which it is compared"
    )
    max_unknown_items: float = Field(
        0.05,
        ge=0,
        le=1,
        description="Retrain when a larger share of the newest interactions is with items that the "
        "served version does not know",
    )
    max_unknown_users: float = Field(
        0.2, ge=0, le=1, description="The same for interactions of users"
    )
    min_overlap: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Look when lists share fewer items with those of the version served before",
    )
    max_empty: float = Field(
        0.02, ge=0, le=1, description="Look when a larger share of the lists is empty"
    )
    max_milliseconds: float = Field(
        200.0, gt=0, description="Look when 5 of 100 lists take longer than this"
    )
    outcome: Literal["clicked", "carted", "purchased"] = Field(
        "clicked", description="What people are to do with shown items"
    )
    max_loss: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Roll back when items have this outcome less often than those of the version "
        "served before, beyond noise and by more than this share",
    )
    seed: Seed = Field(DEFAULT_SEED, description="Seed of permutations")


_Range = Annotated[list[float], Field(min_length=2, max_length=2)]
_Share = Annotated[float, Field(ge=0, le=1)]
_HalfLife = Annotated[float, Field(ge=0)]


class TuneParameters(Section):
    """tune_als: the search space of ALS and the budget. Not a step of the pipeline."""

    notebook: ClassVar[str] = "tune_als"

    study: str = Field(
        "als",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        description="Name of the study; an existing one is continued",
    )
    trials: int = Field(30, ge=1, description="Total number of trials, including earlier sessions")
    minutes: float = Field(60.0, gt=0, description="Start no new trial after this many minutes")
    users: int = Field(10_000, ge=1, description="Number of users to measure on, sampled at random")
    iterations: int = Field(15, ge=1, le=10_000, description="ALS iterations per trial")
    factors: list[Annotated[int, Field(ge=1, le=4096)]] = Field(
        [32, 64, 128, 256], min_length=1, description="Numbers of factors to try"
    )
    regularization: _Range = Field([0.1, 300.0], description="Lowest and highest regularization")
    alpha: _Range = Field([1.0, 300.0], description="Lowest and highest alpha")
    confidences: list[Literal["linear", "log", "constant"]] = Field(
        ["linear", "log", "constant"], min_length=1, description="Confidence functions to try"
    )
    frequency_scaling: Annotated[list[_Share], Field(min_length=2, max_length=2)] = Field(
        [0.0, 1.0], description="Lowest and highest frequency scaling"
    )
    recency_half_lives: list[_HalfLife] = Field(
        [0.0, 0.5, 1.0, 2.0, 4.0],
        min_length=1,
        description="Recency half-lives to try",
    )
    seed: Seed = Field(
        DEFAULT_SEED, description="Seed of the user sample, the search and the factors"
    )

    @model_validator(mode="after")
    def _ranges_ascend(self) -> TuneParameters:
        for name in ("regularization", "alpha", "frequency_scaling"):
            low, high = getattr(self, name)
            if low > high or (name != "frequency_scaling" and low <= 0):
                raise ValueError(
                    f"{name} must be [lowest, highest]; regularization and alpha must be above 0"
                )
        return self


SECTIONS: dict[str, type[Section]] = {
    "etl": EtlParameters,
    "als": AlsSettings,
    "embed": EmbedParameters,
    "evaluate": EvaluateParameters,
    "monitor": MonitorParameters,
}
