"""The search for parameters, kept in SQLite: the only module that imports ``optuna``."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
import polars as pl
import yaml
from optuna.trial import TrialState

from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.files import replacing
from recsys_lib.parameters import AlsParameters, AlsSettings, TuneParameters
from recsys_lib.paths import Dataset
from recsys_lib.tuning.space import TUNED, Space
from recsys_lib.tuning.validation import K, Recalls, Validation

_DATABASE = "studies.db"
_BUDGET = {"study", "trials", "minutes"}
"""What may change when a study is continued."""

_WARM_UP = 8  # random trials, before the search learns and before any trial is stopped early

OnTrial = Callable[[int, str], None]
"""Called with the number of trials so far, and the best of them in words."""


@dataclass(frozen=True)
class Study:
    """A search for ALS parameters, which can be continued in a later session.

    Parameters
    ----------
    dataset
        The dataset that the parameters are for.
    parameters
        The search space, and how long to search.
    validation
        What trials are measured on.
    search
        Optuna's own study.

    Examples
    --------
    >>> data = Dataset.find("sample")  # doctest: +SKIP
    >>> parameters = TuneParameters(trials=30)  # doctest: +SKIP
    >>> interactions = Interactions.load(data.processed)  # doctest: +SKIP
    >>> validation = Validation.from_interactions(interactions, 10_000, 42)  # doctest: +SKIP
    >>> study = Study.load(data, parameters, validation, "fingerprint")  # doctest: +SKIP
    >>> study.run()  # doctest: +SKIP
    >>> study.best().factors  # doctest: +SKIP
    128
    >>> study.save().name  # doctest: +SKIP
    'als.yaml'
    """

    dataset: Dataset
    parameters: TuneParameters
    validation: Validation
    search: optuna.Study

    @classmethod
    def load(
        cls,
        dataset: Dataset,
        parameters: TuneParameters,
        validation: Validation,
        fingerprint: str,
    ) -> Study:
        """Continue the study of this name in models/<dataset>/tuning/studies.db, or begin it.

        ``fingerprint`` is that of the data. Raises ParameterError when the stored study has other
        data or another search space: its trials could not be compared with new ones.
        """
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        dataset.tuning.mkdir(parents=True, exist_ok=True)
        study = optuna.create_study(
            storage=f"sqlite:///{dataset.tuning / _DATABASE}",
            study_name=parameters.study,
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_WARM_UP),
        )
        # A continued session must not draw the same values again.
        seed = parameters.seed + len(study.trials)
        study.sampler = optuna.samplers.TPESampler(
            n_startup_trials=_WARM_UP, multivariate=True, seed=seed
        )
        _check_same(study, parameters, fingerprint)
        return cls(dataset, parameters, validation, study)

    def run(self, on_trial: OnTrial | None = None) -> None:
        """Run trials until there are enough or time is up; the first one uses the defaults."""
        if not self.search.trials:
            self.search.enqueue_trial(self._space.nearest_to_defaults())
        missing = self.parameters.trials - len(self._ended())

        def tell(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
            if on_trial is not None:
                on_trial(len(self._ended()), self.in_words())

        if missing > 0:
            self.search.optimize(
                self._try, missing, timeout=self.parameters.minutes * 60, callbacks=[tell]
            )

    def trials(self) -> pl.DataFrame:
        """All finished trials in order: number, state, recall, the parameters, seconds.

        ``state`` is complete, pruned or failed; ``recall`` is null where it is not complete.
        """
        rows = [
            {
                "trial": trial.number,
                "state": trial.state.name.lower(),
                "recall": trial.value if trial.state == TrialState.COMPLETE else None,
                **{name: trial.params.get(name) for name in TUNED},
                "recency_half_life": trial.user_attrs.get("recency_half_life"),
                "seconds": trial.duration.total_seconds() if trial.duration else None,
            }
            for trial in self._ended()
        ]
        numbers = dict.fromkeys(("recall", *TUNED, "recency_half_life", "seconds"), pl.Float64)
        kinds = {"trial": pl.Int64, "state": pl.String, **numbers}
        return pl.DataFrame(rows, schema={**kinds, "factors": pl.Int64, "confidence": pl.String})

    def best(self) -> AlsParameters:
        """The ALS parameters of the best trial; ArtifactError when none is complete."""
        trial = self._best()
        return self._space.als(trial.params).model_copy(
            update={"recency_half_life": trial.user_attrs["recency_half_life"]}
        )

    def by_half_life(self) -> dict[float, float]:
        """Recall of the best trial with each half-life of recency."""
        recalls = self._best().user_attrs["recalls"]
        return {float(half_life): recall for half_life, recall in recalls.items()}

    def importances(self) -> dict[str, float]:
        """Share of each varied parameter in the variance of recall; empty with too few trials.

        Reference: Watanabe, Bansal, Hutter, "PED-ANOVA" (2023).
        """
        values = [t.value for t in self.search.trials if t.state == TrialState.COMPLETE]
        if len(set(values)) < _WARM_UP:
            return {}
        return dict(optuna.importance.get_param_importances(self.search))

    def in_words(self) -> str:
        """The best trial in one line."""
        if not any(trial.state == TrialState.COMPLETE for trial in self.search.trials):
            return "no trial is complete yet"
        trial = self._best()
        return f"best recall@{K} {trial.value:.4f} in trial {trial.number}"

    def save(self) -> Path:
        """Write the best parameters for ``run_pipeline.py --config``; returns the file."""
        path = self.dataset.tuning / f"{self.parameters.study}.yaml"
        best, defaults = self.best().model_dump(), AlsSettings.model_validate({}).model_dump()
        changed = {name: value for name, value in best.items() if value != defaults[name]}
        head = f"# {self.in_words()} of {len(self._ended())}, study {self.parameters.study}\n"
        values = {"dataset": self.dataset.argument, "als": changed}
        with replacing(path) as temporary:
            text = head + yaml.safe_dump(values, sort_keys=False)
            temporary.write_text(text, encoding="utf-8")
        return path

    def _try(self, trial: optuna.Trial) -> float:
        space = self._space
        parameters = space.als(space.draw(trial))

        def on_check(iteration: int, recall: float) -> bool:
            trial.report(recall, iteration)
            return trial.should_prune()

        half_lives = self.parameters.recency_half_lives
        recalls: Recalls | None = self.validation.measure(parameters, half_lives, on_check)
        if recalls is None:
            raise optuna.TrialPruned
        half_life, recall = recalls.best
        trial.set_user_attr("recency_half_life", half_life)
        trial.set_user_attr("recalls", {str(h): r for h, r in recalls.by_half_life.items()})
        return recall

    @property
    def _space(self) -> Space:
        rated = len(np.unique(self.validation.split.train.rating)) > 1
        return Space(self.parameters, rated)

    def _ended(self) -> list[optuna.trial.FrozenTrial]:
        return [trial for trial in self.search.trials if trial.state.is_finished()]

    def _best(self) -> optuna.trial.FrozenTrial:
        complete = [t for t in self.search.trials if t.state == TrialState.COMPLETE]
        if not complete:
            raise ArtifactError(
                f"study {self.parameters.study!r} has no complete trial: raise trials or minutes"
            )
        return max(complete, key=lambda trial: trial.value or 0.0)


def _check_same(study: optuna.Study, parameters: TuneParameters, fingerprint: str) -> None:
    space = {"data": fingerprint, **parameters.model_dump(exclude=_BUDGET)}
    before = study.user_attrs.get("space")
    if before is None:
        study.set_user_attr("space", json.dumps(space))
        return
    old = json.loads(before)
    differ = [name for name in space if space[name] != old.get(name)]
    if differ:
        raise ParameterError(
            f"study {parameters.study!r} was made with other values of {', '.join(differ)}: "
            "give the study another name, or restore those values"
        )
