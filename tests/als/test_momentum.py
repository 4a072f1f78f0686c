"""Momentum: where it goes, when it starts again, and that it saves iterations."""

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.als import DistinctRows, ExactALS, Penalty
from recsys_lib.als.momentum import Momentum
from recsys_lib.als.solver import ExactAlternation
from recsys_lib.als.training import Iteration, _settled
from recsys_lib.compiled import Workers

SAME_AXES = np.eye(1, dtype=np.float32)


def started_from(momentum, factor, objective, rotation=SAME_AXES):
    """Where the next iteration starts after one that ended at ``factor``, with one factor."""
    factors = np.array([[factor]], dtype=np.float32)
    momentum.push(factors)
    momentum.follow(rotation, objective)
    return float(factors[0, 0])


def test_each_iteration_starts_further_on_by_a_growing_share_of_the_last_step():
    momentum = Momentum()
    assert started_from(momentum, 0.0, 9.0) == 0
    assert started_from(momentum, 1.0, 8.0) == 1  # (1 - 1) / (1 + 2) of a step of 1
    assert started_from(momentum, 3.0, 7.0) == 3 + 2 * 1 / 4
    assert started_from(momentum, 6.0, 6.0) == pytest.approx(6 + 3 * 2 / 5)


def test_where_the_objective_rises_it_starts_again():
    momentum = Momentum()
    for factor, objective in ((0.0, 9.0), (1.0, 8.0), (3.0, 8.5)):
        started_from(momentum, factor, objective)
    assert started_from(momentum, 6.0, 8.4) == 6
    assert started_from(momentum, 8.0, 8.3) == 8 + 2 * 1 / 4


def test_the_last_factors_turn_with_the_axes():
    momentum = Momentum()
    started_from(momentum, 0.0, 9.0)
    started_from(momentum, 1.0, 8.0, -SAME_AXES)  # the factor is -1 in the new axes
    assert started_from(momentum, -3.0, 7.0) == -3 + -2 * 1 / 4


def test_a_third_of_the_iterations_lower_the_objective_as_far():
    likes = sparse.random(300, 80, 0.05, "csr", np.float32, random_state=1)
    likes.data[:] = 11

    def objectives(iterations, *, momentum):
        seen = []
        model = ExactALS(factors=16, iterations=iterations, random_state=0, momentum=momentum)
        model.fit(likes, callback=lambda number, seconds, value: seen.append(value))
        return seen

    with_it = objectives(20, momentum=True)
    assert with_it[-1] <= objectives(60, momentum=False)[-1]


def test_the_code_for_a_gpu_goes_the_same_way_and_goes_on_from_the_same_state():
    from recsys_lib.als import _cuda

    matrix = sparse.random(200, 60, 0.1, "csr", np.float32, random_state=3) * np.float32(9)
    start = np.random.default_rng(0).random((60, 12), dtype=np.float32)

    def begun(kind, **more):
        given = DistinctRows.from_matrix(matrix.tocsr()), start.copy()
        weights = np.ones(60, dtype=np.float32)
        return kind(*given, weights, Penalty(0.5), Workers(None), Momentum(), **more)

    ours, theirs = begun(ExactAlternation), begun(_cuda.CudaAlternation, device="cpu")
    for _ in range(5):
        assert ours.iterate() == pytest.approx(theirs.iterate(), rel=1e-5)
    again = begun(_cuda.CudaAlternation, device="cpu")
    again.restore(theirs.state())
    assert again.iterate() == theirs.iterate()
    resumed = begun(ExactAlternation)
    resumed.restore({name: value.copy() for name, value in ours.state().items()})
    assert resumed.iterate() == ours.iterate()


@pytest.mark.parametrize(
    ("losses", "ends"),
    [
        ([1.0, 0.5], False),
        ([1.0, 0.99999], True),
        ([1.0, 0.5, 0.51], False),  # too far: the next one has no momentum
        ([1.0, 0.5, 0.51, 0.509999], True),
        ([0.5, 0.51, 0.52], True),  # it rises without momentum: by rounding
    ],
)
def test_a_rise_is_not_the_end(losses, ends):
    history = [Iteration(number, 1.0, loss, None) for number, loss in enumerate(losses, start=1)]
    assert _settled(history, 1e-3) == ends
