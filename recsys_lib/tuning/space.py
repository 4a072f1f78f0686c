"""The search space: what a trial draws, and the ALS parameters that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from recsys_lib.parameters import AlsParameters, TuneParameters

TUNED = ("factors", "regularization", "alpha", "confidence", "frequency_scaling")
DEFAULTS = AlsParameters.model_validate({})


class Trial(Protocol):
    """Draws values; Optuna's trials do."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number in the range; with ``log``, its logarithm is drawn."""
        ...


@dataclass(frozen=True)
class Space:
    """The ranges of ``parameters``.

    ``rated``: whether ratings differ. If they do not, all confidence functions are equivalent and
    only the first one is tried.
    """

    parameters: TuneParameters
    rated: bool

    @property
    def confidences(self) -> list[str]:
        """The functions to choose from."""
        functions: list[str] = list(self.parameters.confidences)
        return functions if self.rated else functions[:1]

    def draw(self, trial: Trial) -> dict[str, Any]:
        """A value for each of ``TUNED``."""
        ranges = self.parameters
        return {
            "factors": trial.suggest_categorical("factors", ranges.factors),
            "regularization": trial.suggest_float(
                "regularization", *ranges.regularization, log=True
            ),
            "alpha": trial.suggest_float("alpha", *ranges.alpha, log=True),
            "confidence": trial.suggest_categorical("confidence", self.confidences),
            "frequency_scaling": trial.suggest_float(
                "frequency_scaling", *ranges.frequency_scaling
            ),
        }

    def als(self, drawn: Mapping[str, Any]) -> AlsParameters:
        """The parameters to train with, the same as those in the file for ``--config``."""
        fixed = {
            "iterations": self.parameters.iterations,
            "tolerance": 0.0,
            "solver": "exact",
            "seed": self.parameters.seed,
        }
        return AlsParameters.model_validate({**drawn, **fixed})

    def nearest_to_defaults(self) -> dict[str, Any]:
        """The default ALS parameters, clipped to the ranges."""
        ranges, usual = self.parameters, DEFAULTS.confidence
        return {
            "factors": min(ranges.factors, key=lambda n: abs(n - DEFAULTS.factors)),
            "confidence": usual if usual in self.confidences else self.confidences[0],
            **{
                name: float(np.clip(getattr(DEFAULTS, name), *getattr(ranges, name)))
                for name in ("regularization", "alpha", "frequency_scaling")
            },
        }
