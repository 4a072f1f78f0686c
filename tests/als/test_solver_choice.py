"""Which solver and which device the training uses."""

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.als import solver_choice
from recsys_lib.als.solver_choice import exact_is_faster, use_exact_solver
from recsys_lib.errors import ParameterError
from recsys_lib.parameters import AlsParameters


def circulant(length, n=200):
    """Every user has ``length`` items and every item as many users; all users are distinct."""
    items = (np.arange(n)[:, None] + np.arange(length)) % n
    matrix = sparse.csr_matrix((np.ones(items.size), items.ravel(), np.arange(n + 1) * length))
    matrix.sort_indices()
    return matrix


def test_many_short_rows_are_solved_exactly_and_few_long_ones_by_steps():
    single = sparse.csr_matrix((np.ones(4000), (np.arange(4000), np.arange(4000) % 50)))
    assert exact_is_faster(single, 64)
    assert not exact_is_faster(sparse.random(900, 1700, 0.06, "csr", random_state=0), 64)


@pytest.mark.parametrize(("length", "faster"), [(21, True), (22, False)])
def test_the_border_for_rows_shorter_than_the_factors(length, faster):
    """Nanoseconds per row with 64 factors, k entries: k^2 64/20 + k^3/3/10 + 4 64^2/70 exactly,
    3 (2 64^2 + 4 64 k)/20 by three steps of conjugate gradient.

    k = 21: 1411 + 309 + 234 = 1954 against 2035; k = 22: 1549 + 355 + 234 = 2138 against 2074.
    Half or twice any rate moves the border past one of them.
    """
    assert exact_is_faster(circulant(length), 64) is faster


@pytest.mark.parametrize(("length", "faster"), [(92, False), (93, True)])
def test_the_border_for_rows_longer_than_the_factors(length, faster):
    """With 16 factors: 2 k 16^2/70 + 2/3 16^3/10 + 4 16^2/70 exactly, 3 (2 16^2 + 4 16 k)/20 by
    steps.

    k = 92: 673 + 273 + 15 = 961 against 960; k = 93: 680 + 273 + 15 = 968 against 970.
    """
    assert exact_is_faster(circulant(length), 16) is faster


def test_repeated_users_cost_the_exact_solver_nothing():
    once = circulant(22)
    assert not exact_is_faster(once, 64)
    assert exact_is_faster(sparse.vstack([once, once]).tocsr(), 64)


@pytest.mark.parametrize(
    ("parameters", "device", "warm_start", "exact"),
    [
        ({"solver": "exact"}, "cpu", False, True),
        ({"solver": "cg"}, "cpu", True, False),
        ({}, "cpu", False, False),
        ({}, "cuda", False, True),
        ({}, "cpu", True, True),
        ({"frequency_scaling": 0.5}, "cpu", False, True),
    ],
)
def test_auto_is_exact_where_conjugate_gradient_does_not_apply(
    parameters, device, warm_start, exact
):
    options = AlsParameters(factors=64, **parameters)
    assert use_exact_solver(circulant(22), options, device, warm_start=warm_start) is exact


def test_a_gpu_that_is_not_there_is_refused_and_auto_does_without(monkeypatch):
    from recsys_lib.als import _cuda

    monkeypatch.setattr(_cuda, "is_available", lambda: False)
    monkeypatch.setattr(solver_choice, "_DRIVERS", (solver_choice.Path(__file__),))
    assert solver_choice.choose_device("auto") == "cpu"
    with pytest.raises(ParameterError, match="torch sees no GPU"):
        solver_choice.choose_device("cuda")
    monkeypatch.setattr(_cuda, "is_available", lambda: True)
    assert solver_choice.choose_device("auto") == "cuda"
    assert solver_choice.choose_device("cpu") == "cpu"
    monkeypatch.setattr(solver_choice, "_DRIVERS", ())
    assert solver_choice.choose_device("auto") == "cpu"


def test_without_pytorch_a_gpu_is_refused_and_auto_does_without(monkeypatch):
    monkeypatch.setattr("recsys_lib.imports.find_spec", lambda name: None)
    monkeypatch.setattr(solver_choice, "_DRIVERS", (solver_choice.Path(__file__),))
    assert solver_choice.choose_device("auto") == "cpu"
    with pytest.raises(ParameterError, match=r"als\.device cuda needs PyTorch"):
        solver_choice.choose_device("cuda")
