"""The served model as it would have been before the test: its weights, but nothing held out."""

from __future__ import annotations

from recsys_lib.blend import (
    Blend,
    BlendModel,
    Parts,
    SourceOptions,
    needed_sources,
    train_sources,
    with_half_lives,
)
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.parameters import EvaluateParameters


def served_before_test(
    model: BlendModel, split: TrainTest, parts: Parts, parameters: EvaluateParameters
) -> Blend:
    """The blend with its stored weights, and its sources trained without the test part.

    The weights were learned on the validation parts, so nothing of the test is known to it.

    Parameters
    ----------
    model
        The served blend.
    split
        As it was evaluated; its items are those of the model.
    parts
        The other parts of the version.
    parameters
        Of 04_evaluate.
    """
    part = model.part
    names, options = needed_sources(part.weights), SourceOptions.from_parameters(parameters)
    sources = train_sources(split.train, parts, part.signals, options, names=names)
    histories = parts.histories(split.train, part.signals)
    return Blend(with_half_lives(sources, part.weights.half_lives), part.weights, histories)
