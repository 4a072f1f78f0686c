"""What a trial may choose from, and the parameters of ALS that follow from its choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from recsys_lib.parameters import AlsParameters, TuneParameters

TUNED = ("factors", "regularization", "alpha", "confidence", "frequency_scaling")
DEFAULTS = AlsParameters.model_validate({})


class Trial(Protocol):
    """What draws values."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number of the range, with ``log`` by its logarithm."""
        ...


@dataclass(frozen=True)
class Space:
    """The ranges of ``parameters``.

    ``rated`` says whether the data has different ratings: without them all confidence functions
    say the same, and the first is enough.
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
        """The parameters to train with; what the file for ``--config`` holds trains the same."""
        fixed = {
            "iterations": self.parameters.iterations,
            "tolerance": 0.0,
            "solver": "exact",
            "seed": self.parameters.seed,
        }
        return AlsParameters.model_validate({**drawn, **fixed})

    def nearest_to_defaults(self) -> dict[str, Any]:
        """The defaults of ALS, moved into the ranges."""
        ranges, usual = self.parameters, DEFAULTS.confidence
        return {
            "factors": min(ranges.factors, key=lambda n: abs(n - DEFAULTS.factors)),
            "confidence": usual if usual in self.confidences else self.confidences[0],
            **{
                name: float(np.clip(getattr(DEFAULTS, name), *getattr(ranges, name)))
                for name in ("regularization", "alpha", "frequency_scaling")
            },
        }
