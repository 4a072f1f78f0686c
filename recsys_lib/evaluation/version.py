"""The evaluation of a model version: split, blend, compared models, results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf

from recsys_lib.blend import (
    BLEND,
    Blend,
    LearnedBlend,
    Parts,
    SourceOptions,
    TrainedBlend,
    train_blend,
    train_sources,
    with_half_lives,
    write_blend_part,
)
from recsys_lib.blend.sources import ALS, Training, lacks_pytorch
from recsys_lib.checkpoints import Checkpoint, Checkpoints
from recsys_lib.data.interactions import Interactions
from recsys_lib.data.summary import read_summary
from recsys_lib.evaluation.evaluate import Evaluation, evaluate
from recsys_lib.evaluation.models import MostPopular, Random, RecentPopular, SourceAlone
from recsys_lib.evaluation.report import what_to_try
from recsys_lib.evaluation.split import split_by
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.evaluation.unfinished import (
    blend_from_arrays,
    blend_to_arrays,
    checkpoint,
    evaluation_from_arrays,
    evaluation_to_arrays,
)
from recsys_lib.imports import INSTALL_TORCH
from recsys_lib.parameters import EvaluateParameters
from recsys_lib.paths import Dataset
from recsys_lib.ranking import Scorer
from recsys_lib.registry.parts import BLEND_PART, EVALUATION

ALS_RECENCY = "als_recency"
_LABELS = {ALS: ALS_RECENCY}
"""Names of sources in the results; the name ``als`` is taken by ALS with its own half-life."""
_PREFERRED_K = 10


@dataclass(frozen=True)
class VersionEvaluation:
    """The evaluation of one version, in stages.

    Each stage is computed when it is first read, and needs the ones before it: ``split``,
    ``learned``, ``evaluation``. Models are trained without the test part; ``learned`` is chosen on
    the validation part. After a kill, the stages that were done are read from ``checkpoints``.

    Parameters
    ----------
    dataset: whose interactions are split.
    version: gives the parameters of ALS and the texts, and gets the blend part.
    parameters: of 04_evaluate.
    """

    dataset: Dataset
    version: str
    parameters: EvaluateParameters

    @cached_property
    def interactions(self) -> Interactions:
        """All of them."""
        return Interactions.load(self.dataset.processed)

    @cached_property
    def parts(self) -> Parts:
        """What the other parts of the version give: ALS parameters, titles, texts."""
        return Parts.load(self.dataset.version(self.version))

    @cached_property
    def split(self) -> TrainTest:
        """Fitting, validation and test part."""
        whole = split_by(self.interactions, self.parameters)
        return whole.sample(self.parameters.max_users, self.parameters.seed)

    @cached_property
    def trained(self) -> TrainedBlend:
        """The sources of the fitting part, and the blend that was learned from them."""
        kept = self._checkpoint("blend")
        if arrays := kept.load():
            return blend_from_arrays(arrays)
        trained = learn(self.split, self.parts, self.parameters)
        kept.save_if_due(lambda: blend_to_arrays(trained))
        return trained

    @property
    def learned(self) -> LearnedBlend:
        """The blend, learned on the validation parts, and which model is served."""
        return self.trained.learned

    @property
    def cautions(self) -> list[str]:
        """What the reader should know of how the blend was learned."""
        options = SourceOptions.from_parameters(self.parameters)
        if not lacks_pytorch(Training(self.split.train, self.parts.als, options=options)):
            return []
        return [
            "There are enough data for a sequence model, but it is left out, since PyTorch is not "
            f"installed: {INSTALL_TORCH}; or set evaluate.sequence=off."
        ]

    @cached_property
    def models(self) -> dict[str, Scorer]:
        """The compared models by name; their sources are trained again, before the test."""
        return models_to_compare(self.split, self.trained, self.parts, self.parameters)

    @cached_property
    def evaluation(self) -> Evaluation:
        """All compared models, measured on the test part."""
        kept = self._checkpoint("lists")
        if arrays := kept.load():
            given = self.parameters.k_values, self.parts.embeddings
            return evaluation_from_arrays(arrays, self.split, *given)
        found = evaluate(
            self.models,
            self.split,
            self.parameters.k_values,
            seed=self.parameters.seed,
            embeddings=self.parts.embeddings,
            served=served_name(self.learned, self.models),
            precision=self.parameters.precision,
        )
        kept.save_if_due(lambda: evaluation_to_arrays(found))
        return found

    @property
    def k(self) -> int:
        """The list length to show: 10 if it was measured, else the longest."""
        lengths = self.parameters.k_values
        return _PREFERRED_K if _PREFERRED_K in lengths else max(lengths)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """What is kept of a long evaluation until its results are stored."""
        return Checkpoints(self.dataset.checkpoints, "evaluate")

    def _checkpoint(self, stage: str) -> Checkpoint:
        given = self.interactions, self.parts, self.parameters
        return checkpoint(self.checkpoints, stage, *given)

    def save(self) -> None:
        """Write the results and the blend part into the version's folder."""
        folder = self.dataset.version(self.version)
        advice = what_to_try(self.evaluation, self.k)
        facts = {"validation": self.learned.validation, "advice": advice}
        self.evaluation.save(folder / EVALUATION, facts)
        write_blend_part(
            folder / BLEND_PART,
            self.learned,
            self.interactions,
            self.parts.als,
            data_fingerprint=read_summary(self.dataset.processed)["fingerprint"],
            options=SourceOptions.from_parameters(self.parameters),
            start=self.trained.sources,
        )


def evaluate_version(
    dataset: Dataset, version: str, parameters: EvaluateParameters | None = None
) -> VersionEvaluation:
    """Evaluate a model version: what is served, and how good is it?

    Interactions are split; the blend is learned on the validation part, which also decides what is
    served; then all models are trained without the test part and measured on it.

    Parameters
    ----------
    dataset
        A dataset that the etl step has stored.
    version
        A version with an ALS part; its search part is used if there is one.
    parameters
        Of 04_evaluate; its defaults by default.

    Returns
    -------
    VersionEvaluation
        Its stages are computed when they are first read; ``save()`` writes the results and the
        blend part.

    Raises
    ------
    ArtifactError
        By a stage, when interactions or the ALS part are missing.
    InputDataError
        By a stage, when no user has two interactions.

    Examples
    --------
    >>> evaluated = evaluate_version(Dataset.find("sample"), "draft")  # doctest: +SKIP
    >>> evaluated.split.counts()["test users"]  # doctest: +SKIP
    11210
    >>> evaluated.learned.served  # doctest: +SKIP
    'blend'
    >>> evaluated.evaluation.value("blend", "ndcg", 10)  # doctest: +SKIP
    0.2455...
    >>> evaluated.save()  # doctest: +SKIP
    """
    defaults = EvaluateParameters.model_validate({})
    return VersionEvaluation(dataset, version, parameters or defaults)


def learn(split: TrainTest, parts: Parts, parameters: EvaluateParameters) -> TrainedBlend:
    """The blend of a split, learned as ``parameters`` say."""
    return train_blend(
        split,
        parts,
        blend_users=parameters.blend_users,
        options=SourceOptions.from_parameters(parameters),
        event_weights=parameters.event_weights,
        seed=parameters.seed,
    )


def models_to_compare(
    split: TrainTest, trained: TrainedBlend, parts: Parts, parameters: EvaluateParameters
) -> dict[str, Scorer]:
    """The blend, each personal source alone, and baselines that know no history, by name.

    Sources are trained on ``split.train``, or without the validation part if ``refit`` is off; the
    histories are those of ``split.train`` in any case.
    """
    trained_on = split.train if parameters.refit else split.before_judging
    learned, options = trained.learned, SourceOptions.from_parameters(parameters)
    sources = train_sources(trained_on, parts, learned.signals, options, trained)
    histories = parts.histories(split.train, learned.signals)
    tuned = with_half_lives(sources, learned.half_lives)
    plain = sources[ALS].with_half_life(parts.als.recency_half_life or inf)
    alone = [name for name, source in tuned.items() if source.personal]
    models: dict[str, Scorer] = {
        BLEND: Blend(tuned, learned.weights, histories),
        **{_LABELS.get(name, name): SourceAlone(tuned[name], histories) for name in alone},
        "als": SourceAlone(plain, histories),
        "popular": MostPopular(trained_on.user_items()),
        "recent": RecentPopular(trained_on),
        "random": Random(len(split.train.items), parameters.seed),
    }
    if not trained_on.has_times:
        del models["recent"]
    if not learned.validation:  # too few users to learn from
        del models[BLEND], models[ALS_RECENCY]
    return models


def served_name(learned: LearnedBlend, models: Mapping[str, Scorer]) -> str:
    """The name in the results of the model that will be served."""
    name = _LABELS.get(learned.served, learned.served)
    return name if name in models else "als"
