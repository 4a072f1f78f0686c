"""Choose on held-out data what interactions say: weights of event types, a threshold of ratings.

Each choice is tried with co-occurrence, which is counted fast, and kept only when it is better than
counting all interactions alike beyond noise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
from scipy import sparse

from recsys_lib.blend.choices import Choices, source_quality
from recsys_lib.blend.histories import Histories
from recsys_lib.blend.signals import EqualSignals, Signals, check_event_type
from recsys_lib.blend.sources import Companions, Training
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters
from recsys_lib.significance import SIGNIFICANT, paired_test

_EVENT_WEIGHTS = (0.0, 0.1, 0.3, 1.0)
_RATING_SHARES = (0.6, 0.8)
"""Thresholds that are tried, as shares of the highest rating: 3 and 4 of 5 stars."""
_TRIAL_USERS = 5_000
_FEWEST_USERS = 50
_FEWEST_RATINGS = 3


class _HeldOut(Protocol):
    @property
    def users(self) -> np.ndarray: ...

    @property
    def relevant(self) -> sparse.csr_matrix: ...


def choose_signals(
    fitting: Interactions,
    als: AlsParameters,
    held_out: _HeldOut,
    event_weights: Mapping[str, float] | None = None,
    *,
    seed: int,
) -> Signals:
    """The signals that predict best what was held out after ``fitting``.

    Given ``event_weights`` are used as they are; ParameterError when one names no event type, or
    all of them are 0.
    """
    weights = _checked(event_weights or {}, fitting.event_types)
    given = Signals(event_weights=weights, given=bool(weights))
    if len(held_out.users) < _FEWEST_USERS:
        return given
    quality = _judge(fitting, als, held_out, seed)
    signals = given
    if fitting.event_types and not event_weights:
        signals = _choose_event_weights(fitting.event_types, quality, seed)
    if not als.min_rating and len(np.unique(fitting.rating)) >= _FEWEST_RATINGS:
        highest = float(fitting.rating.max())
        trials = [replace(signals, min_rating=share * highest) for share in _RATING_SHARES]
        signals = _best(signals, trials, quality, seed)
    return signals


def _checked(weights: Mapping[str, float], types: tuple[str, ...]) -> Mapping[str, float]:
    for name in weights:
        check_event_type("evaluate.event_weights", name, types)
    if types and not any(weights.get(name, 1.0) for name in types):
        raise ParameterError(
            "evaluate.event_weights are 0 for all event types of the data, so no interaction says "
            "anything: give at least one of them a weight"
        )
    return weights


def _judge(
    fitting: Interactions, als: AlsParameters, held_out: _HeldOut, seed: int
) -> Callable[[Signals], np.ndarray]:
    """A function that gives nDCG@10 of each trial user with some signals."""
    drawn = np.random.default_rng(seed).permutation(len(held_out.users))[:_TRIAL_USERS]
    drawn.sort()

    def quality(signals: Signals) -> np.ndarray:
        source = Companions.train(Training(fitting, als, None, signals))
        histories = Histories.from_interactions(fitting, als, signals)
        choices = Choices(histories.take(held_out.users[drawn]), held_out.relevant[drawn])
        return source_quality(source, choices, np.random.default_rng(seed))

    return quality


def _choose_event_weights(
    types: tuple[str, ...], quality: Callable[[Signals], np.ndarray], seed: int
) -> Signals:
    """One type after the other, twice, as the best weight of one depends on those of the others."""
    best, value = EqualSignals, quality(EqualSignals).mean()
    for name in types * 2:
        for weight in _EVENT_WEIGHTS:
            trial = replace(best, event_weights={**best.event_weights, name: weight})
            if any(trial.event_weights.get(other, 1.0) == 1 for other in types):
                found = quality(trial).mean()
                if found > value:
                    best, value = trial, found
    return _best(EqualSignals, [best], quality, seed)


def _best(
    current: Signals, trials: list[Signals], quality: Callable[[Signals], np.ndarray], seed: int
) -> Signals:
    """The best of the trials if it is better than ``current`` beyond noise, else ``current``."""
    before = quality(current)
    best = max(trials, key=lambda trial: quality(trial).mean())
    gaps = quality(best) - before
    better = gaps.mean() > 0 and paired_test(gaps, seed=seed) <= SIGNIFICANT
    return best if better else current
