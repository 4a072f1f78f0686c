"""Threads for compiled code."""

import numpy as np
import pytest

from recsys_lib.compiled import Workers, blocks


def test_blocks_cover_all_rows_once():
    assert list(blocks(7, 3)) == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert list(blocks(0, 3)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_every_task_is_done_before_each_returns(threads):
    done = np.zeros(50)

    def square(n):
        done[n] = n**2

    with Workers.started(threads) as workers:
        workers.each(square, ((n,) for n in range(50)))
        assert (done == np.arange(50) ** 2).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_of_a_task_is_raised(threads):
    def fail(n):
        raise ValueError(f"task {n}")

    with Workers.started(threads) as workers, pytest.raises(ValueError, match="task 0"):
        workers.each(fail, [(0,), (1,)])
