"""Machine code that is never older than its sources, and threads for compiled code."""

import copy
import importlib
import sys

import numpy as np
import pytest

from recsys_lib.compiled import Workers, blocks, compiled

OUTER = """
from recsys_lib.compiled import compiled
from toy.middle import TWICE
@compiled
def value():
    return TWICE
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package whose compiled function uses a constant two modules away; returns its value."""
    package = tmp_path / "toy"
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))

    def value(constant, comment=""):
        for name in [name for name in sys.modules if name.partition(".")[0] == "toy"]:
            del sys.modules[name]
        (package / "__init__.py").touch()
        (package / "outer.py").write_text(OUTER)
        (package / "middle.py").write_text("from toy.inner import ONE\nTWICE = 2 * ONE\n")
        (package / "inner.py").write_text(f"ONE = {constant}  # {comment}\n")
        importlib.invalidate_caches()
        sys.dont_write_bytecode = True
        function = importlib.import_module("toy.outer").value
        result = function()
        return result, sum(function.stats.cache_hits.values())

    yield value
    sys.dont_write_bytecode = False


def test_machine_code_is_made_anew_when_a_constant_two_modules_away_changes(toy):
    assert toy(100) == (200, 0)
    assert toy(700) == (1400, 0)
    assert toy(100)[0] == 200


def test_machine_code_outlives_a_change_of_comments(toy):
    toy(100)
    assert toy(100, comment="a hundred") == (200, 1)


def test_it_can_be_copied_before_it_is_made():
    function = compiled(lambda: 1)
    assert copy.copy(function)() == function() == 1


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
