"""Run a benchmark: split, choose parameters, learn, and measure on the test part."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from recsys_lib.als import ChosenAls, choose_parameters
from recsys_lib.als.solver_choice import choose_device
from recsys_lib.benchmark.data import BenchmarkData, load_data
from recsys_lib.benchmark.sets import Benchmark, K
from recsys_lib.blend import BLEND, Blend, LearnedBlend, Parts
from recsys_lib.blend.sources import POPULAR, RECENT, SEQUENCE
from recsys_lib.errors import ParameterError
from recsys_lib.evaluation import Evaluation, evaluate, models_to_compare, split_by
from recsys_lib.evaluation.version import learn, served_name
from recsys_lib.parameters import AlsSettings, EvaluateParameters
from recsys_lib.processors import processors
from recsys_lib.ranking import Scorer
from recsys_lib.significance import PairedDifference, paired_comparison

WITHOUT_POPULARITY = "blend without popularity"
_BASELINE = "popular"
_TREND_WEIGHTS = 2
"""The last weights of a source, for items that many users take lately."""


@dataclass(frozen=True)
class Seconds:
    """How long a run took: all of it, reading, training with all choices, and the test."""

    total: float
    reading: float
    training: float
    evaluation: float


@dataclass(frozen=True)
class Machine:
    """What a run was timed on."""

    cores: int
    gpu: bool

    @classmethod
    def here(cls) -> Machine:
        """This one."""
        return cls(processors(), choose_device("auto") == "cuda")

    def __str__(self) -> str:
        return f"{self.cores} cores, {'a' if self.gpu else 'no'} GPU"


@dataclass(frozen=True)
class BenchmarkRun:
    """What a run found.

    Parameters
    ----------
    benchmark, data: what was run on which interactions.
    parameters, settings: of evaluate and als, as given.
    chosen: the parameters of ALS, and why.
    learned: the blend and which model is served, chosen on validation.
    evaluation: the measured models.
    best_source: name in the evaluation of the single source that was best on validation; "" where
        nothing could be learned.
    sequence: whether there was a sequence model among the sources.
    seconds, machine: how long it took, and on what.
    """

    benchmark: Benchmark
    data: BenchmarkData
    parameters: EvaluateParameters
    settings: AlsSettings
    chosen: ChosenAls
    learned: LearnedBlend
    evaluation: Evaluation
    best_source: str
    sequence: bool
    seconds: Seconds
    machine: Machine

    def popularity_gain(self) -> PairedDifference | None:
        """nDCG of the blend minus that without popularity; None where it was not measured."""
        if WITHOUT_POPULARITY not in self.evaluation.models:
            return None
        mine, theirs = (
            self.evaluation.per_user(name, "ndcg", K) for name in (BLEND, WITHOUT_POPULARITY)
        )
        return paired_comparison(mine, theirs, seed=self.parameters.seed)


def run_benchmark(
    benchmark: Benchmark,
    folder: Path,
    parameters: EvaluateParameters | None = None,
    settings: AlsSettings | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> BenchmarkRun:
    """Train on the training part and measure on the test part.

    The parameters of ALS, the weights and the served model are chosen without the test part: the
    first before what the served model is chosen on, too.

    Parameters
    ----------
    benchmark
        Its protocol is run, unless ``parameters`` say otherwise.
    folder
        Holds the data.
    parameters, settings
        Of evaluate and of als; by default those of the benchmark.
    say
        Called with a line before each stage.

    Returns
    -------
    BenchmarkRun
        Models, metrics and times.

    Raises
    ------
    InputDataError
        The folder lacks the files, or they cannot be used.
    ParameterError
        Lists of 10 are not measured, or a parameter does not fit the data.
    """
    parameters, settings = (
        parameters or benchmark.parameters,
        settings or AlsSettings.model_validate({}),
    )
    if K not in parameters.k_values:
        raise ParameterError(f"evaluate.k_values must hold {K}, the length of the published lists")
    started = time.perf_counter()
    data = load_data(benchmark, folder, say)
    read_at = time.perf_counter()
    split = split_by(data.interactions, parameters)
    split = split.sample(parameters.max_users, parameters.seed)
    say("choosing the parameters of ALS")
    chosen = choose_parameters(split.before_judging, settings)
    parts = Parts(chosen.parameters, pl.DataFrame(), None)
    say(f"training the candidate sources of the blend on {len(split.fitting):,} interactions")
    trained = learn(split, parts, parameters)
    say("training them again for the test")
    models = models_to_compare(split, trained, parts, parameters)
    measured, served, best = _measured(models, trained.learned, everything=not benchmark.results)
    trained_at = time.perf_counter()
    say(f"measuring {len(measured)} models on {len(split.test_users):,} users")
    evaluation = evaluate(measured, split, parameters.k_values, seed=parameters.seed, served=served)
    ended = time.perf_counter()
    return BenchmarkRun(
        benchmark,
        data,
        parameters,
        settings,
        chosen,
        trained.learned,
        evaluation,
        best,
        SEQUENCE in trained.sources,
        Seconds(ended - started, read_at - started, trained_at - read_at, ended - trained_at),
        Machine.here(),
    )


def _measured(
    models: dict[str, Scorer], learned: LearnedBlend, *, everything: bool
) -> tuple[dict[str, Scorer], str, str]:
    """The models to measure, and the names of the served one and of the best single source."""
    served, best = served_name(learned, models), ""
    if learned.validation:
        best = served_name(replace(learned, served=learned.best_source), models)
    names = list(models) if everything else [served, BLEND, best, _BASELINE]
    measured = {name: models[name] for name in dict.fromkeys(names) if name in models}
    blend = models.get(BLEND)
    if isinstance(blend, Blend) and served == BLEND:
        reduced = without_popularity(blend)
        if reduced is not None:
            measured[WITHOUT_POPULARITY] = reduced
    return measured, served, best


def without_popularity(blend: Blend) -> Blend | None:
    """The blend without its weights of popularity and trend; None where there are none.

    Popularity still orders items that all other sources call equal.
    """
    zeros = (0.0,) * _TREND_WEIGHTS
    weights = blend.weights.coefficients
    kept = {
        name: (*values[:-_TREND_WEIGHTS], *zeros)
        for name, values in weights.items()
        if name not in (POPULAR, RECENT)
    }
    if kept == weights or not kept:
        return None
    return replace(blend, weights=replace(blend.weights, coefficients=kept))
