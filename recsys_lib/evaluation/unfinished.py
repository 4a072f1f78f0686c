"""What an evaluation keeps while it works: the learned blend, and the lists of all models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace

import numpy as np
from pydantic import TypeAdapter

from recsys_lib.blend import LearnedBlend, Parts, TrainedBlend
from recsys_lib.blend.sources import SEQUENCE
from recsys_lib.blend.sources import Sequence as SequenceModel
from recsys_lib.checkpoints import Checkpoint, Checkpoints
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation.evaluate import Evaluation
from recsys_lib.evaluation.results import measure
from recsys_lib.evaluation.train_test import TrainTest
from recsys_lib.parameters import EvaluateParameters

_LEARNED, _WEIGHTS, _LIST, _FACTS, _USERS = "learned", "weights.", "list.", "facts", "users"


def checkpoint(
    checkpoints: Checkpoints,
    name: str,
    interactions: Interactions,
    parts: Parts,
    parameters: EvaluateParameters,
) -> Checkpoint:
    """The checkpoint of one stage, for these data and parameters."""
    rows = ("user", "item", "rating", "timestamp", "count", "events")
    sizes = (len(interactions.users), len(interactions.items), interactions.event_types)
    given = (name, parameters.model_dump(), parts.als.model_dump(), sizes, parts.embeddings)
    data = (getattr(interactions, row) for row in rows)
    return checkpoints.of(name, __file__, *given, *data)


def blend_to_arrays(trained: TrainedBlend) -> dict[str, np.ndarray]:
    """The blend, and the sequence model: the only source whose next training goes on from it."""
    arrays = {_LEARNED: np.array(json.dumps(asdict(trained.learned), default=float))}
    if sequence := trained.sources.get(SEQUENCE):
        arrays |= {f"{_WEIGHTS}{key}": array for key, array in sequence.arrays().items()}
    return arrays


def blend_from_arrays(arrays: Mapping[str, np.ndarray]) -> TrainedBlend:
    """The same blend, with no other source than the sequence model."""
    learned = TypeAdapter(LearnedBlend).validate_python(json.loads(arrays[_LEARNED].item()))
    weights = _with_prefix(arrays, _WEIGHTS)
    return TrainedBlend({SEQUENCE: SequenceModel(weights)} if weights else {}, learned)


def evaluation_to_arrays(evaluation: Evaluation) -> dict[str, np.ndarray]:
    """The lists of all models, for which users, and the numbers beside them."""
    values = {field.name: getattr(evaluation, field.name) for field in fields(evaluation)}
    plain = {name: v for name, v in values.items() if isinstance(v, int | float | str | dict)}
    facts = {name: value for name, value in plain.items() if name != "lists"}
    return {
        _FACTS: np.array(json.dumps(facts)),
        _USERS: evaluation.split.test_users,
        **{f"{_LIST}{model}": lists for model, lists in evaluation.lists.items()},
    }


def evaluation_from_arrays(
    arrays: Mapping[str, np.ndarray],
    split: TrainTest,
    k_values: Sequence[int],
    embeddings: np.ndarray | None,
) -> Evaluation:
    """The same evaluation; its metrics are computed from the lists."""
    facts, lists = json.loads(arrays[_FACTS].item()), _with_prefix(arrays, _LIST)
    if len(arrays[_USERS]) < len(split.test_users):
        split = replace(split, test=split.test.of_users(arrays[_USERS]))
    results = measure(lists, split, sorted(set(k_values)), embeddings, seed=facts["seed"])
    return Evaluation(split=split, lists=lists, results=results, **facts)


def _with_prefix(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    chosen = {name: array for name, array in arrays.items() if name.startswith(prefix)}
    return {name.removeprefix(prefix): array for name, array in chosen.items()}
