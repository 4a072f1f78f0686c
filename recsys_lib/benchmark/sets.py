"""The benchmarks: which data each needs, and under which protocol it is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsys_lib.benchmark import published
from recsys_lib.benchmark.published import PUBLISHED, Result
from recsys_lib.errors import full_name
from recsys_lib.parameters import AlsSettings, EtlParameters, EvaluateParameters

K = 10
_S3REC_FILES = "the folder data/ of https://github.com/RUCAIBox/CIKM2020-S3Rec"
_DAY_TIMES = (
    "The times behind these data are whole days and are not in the files: the order inside a day "
    "carries nothing, cannot be seen here, and may favour ordered models, for all rows alike."
)
_ATTRIBUTES = (
    "S3-Rec, TIGER and ActionPiece use attributes or texts of the items; this run does not."
)
_AS_DETECTED = EtlParameters.model_validate({"products": "none"})
_ORDERED_TABLE = EtlParameters.model_validate(
    {
        "products": "none",
        "timestamp_unit": "order",
        "columns": {"parent_asin": "item_id", "timestamp": "position"},
    }
)


@dataclass(frozen=True)
class Size:
    """How much data a benchmark has when they are complete."""

    users: int
    items: int
    interactions: int

    def __str__(self) -> str:
        return f"{self.users:,} users, {self.items:,} items, {self.interactions:,} interactions"


@dataclass(frozen=True)
class Benchmark:
    """A dataset with a protocol.

    Parameters
    ----------
    name: on the command line.
    title: of the data.
    protocol: in words.
    where: where to get the files.
    files: what to put into the folder.
    text_file: name of a file with one line for each user: the user, then items, oldest first.
    download: the name by which ``recsys download`` fetches the data; "" where it cannot.
    size: of the published data; None where they may be of any size.
    evaluate: parameters of evaluate that the protocol asks for.
    etl: how the files are read where there is no ``text_file``.
    k_core: fewest interactions of each user and item; 0 where they were not filtered.
    notes: what a reader must know to compare.
    """

    name: str
    title: str
    protocol: str
    where: str
    files: str
    text_file: str = ""
    download: str = ""
    size: Size | None = None
    evaluate: Mapping[str, Any] = field(default_factory=dict)
    etl: EtlParameters = _AS_DETECTED
    k_core: int = 0
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> tuple[Result, ...]:
        """The rows that a run is compared with."""
        return PUBLISHED.get(self.name, ())

    @property
    def recall_name(self) -> str:
        """With one held-out item for each user, recall is the hit rate."""
        return f"recall@{K}" if self.evaluate.get("split") == "random" else f"HR@{K}"

    @property
    def parameters(self) -> EvaluateParameters:
        """Those of the protocol; all others have their defaults."""
        return EvaluateParameters.model_validate(self._values)

    @property
    def _values(self) -> dict[str, Any]:
        return {"k_values": [K], **self.evaluate}

    @property
    def assignments(self) -> list[str]:
        """The same in the form of ``--set``."""
        return [f"evaluate.{name}={json.dumps(value)}" for name, value in self._values.items()]

    def set_by_hand(self, parameters: EvaluateParameters, als: AlsSettings) -> dict[str, Any]:
        """Names and values of parameters that are not those of the benchmark."""
        usual_als = AlsSettings.model_validate({})
        pairs = (("evaluate", self.parameters, parameters), ("als", usual_als, als))
        return {
            f"{section}.{name}": value
            for section, usual, given in pairs
            for name, value in given.model_dump().items()
            if value != getattr(usual, name)
        }


def _s3rec(name: str, title: str, text_file: str, size: Size, *notes: str) -> Benchmark:
    return Benchmark(
        name,
        f"{title}, 5-core, as prepared for S3-Rec",
        published.STRICT,
        where=_S3REC_FILES,
        files=f"{text_file}, or a table interactions.csv with user_id, item_id, position",
        text_file=text_file,
        size=size,
        evaluate={"refit": False},
        etl=_ORDERED_TABLE,
        k_core=5,
        notes=notes,
    )


_ALL = (
    _s3rec(
        "s3rec-beauty",
        "Amazon 2014 Beauty",
        "Beauty.txt",
        Size(22_363, 12_101, 198_502),
        _DAY_TIMES,
        _ATTRIBUTES,
    ),
    _s3rec(
        "s3rec-toys",
        "Amazon 2014 Toys and Games",
        "Toys_and_Games.txt",
        Size(19_412, 11_924, 167_597),
        _DAY_TIMES,
        _ATTRIBUTES,
    ),
    _s3rec(
        "s3rec-sports",
        "Amazon 2014 Sports and Outdoors",
        "Sports_and_Outdoors.txt",
        Size(35_598, 18_357, 296_337),
        _DAY_TIMES,
        _ATTRIBUTES,
    ),
    _s3rec(
        "s3rec-yelp",
        "Yelp 2019",
        "Yelp.txt",
        Size(30_431, 20_033, 316_354),
        "The times behind these data are seconds; they are not in the files.",
    ),
    Benchmark(
        "games",
        "Amazon 2018 Video Games, 5-core, as sequences",
        published.LEAVE_LAST_OUT,
        where="Amazon Review Data (2018), https://nijianmo.github.io/amazon, category Video Games, "
        "5-core, each user's reviews in the order of time",
        files="interactions.csv with user_id, item_id, position",
        size=Size(50_546, 16_859, 440_264),
        etl=_ORDERED_TABLE,
        k_core=5,
    ),
    Benchmark(
        "ml-100k",
        "MovieLens 100K",
        published.RANDOM_TENTH,
        where="https://grouplens.org/datasets/movielens/100k",
        files="u.data",
        download="movielens:100k",
        size=Size(943, 1_682, 100_000),
        evaluate={"split": "random", "share": 0.1},
        notes=(
            "Which tenth is held out differs: the draw depends on the seed and on the program.",
            "A random split lets a user's future help to predict the past.",
        ),
    ),
    Benchmark(
        "gift-cards",
        "Amazon Reviews, Gift Cards",
        published.LEAVE_LAST_OUT,
        where="https://amazon-reviews-2023.github.io, or the 5-core of 2018 from "
        "https://nijianmo.github.io/amazon",
        files="the reviews as published",
        download="amazon2023:Gift_Cards",
    ),
    Benchmark(
        "all-beauty",
        "Amazon Reviews 2023, All Beauty",
        published.LEAVE_LAST_OUT,
        where="https://amazon-reviews-2023.github.io",
        files="the reviews as published",
        download="amazon2023:All_Beauty",
    ),
)
BENCHMARKS = {benchmark.name: benchmark for benchmark in _ALL}


def find_benchmark(name: str) -> Benchmark:
    """A benchmark by its name, or a part that only one name has.

    >>> find_benchmark("toys").text_file
    'Toys_and_Games.txt'
    >>> find_benchmark("s3rec-beuty")
    Traceback (most recent call last):
    recsys_lib.errors.ParameterError: there is no benchmark 's3rec-beuty': did you mean ...
    """
    return BENCHMARKS[full_name(name, list(BENCHMARKS), "benchmark")]
