"""A folder for what can be made again, wherever something can be written."""

import pytest

from recsys_lib import machine_cache
from recsys_lib.machine_cache import cache_of_machine


@pytest.fixture(autouse=True)
def _forget():
    cache_of_machine.cache_clear()
    yield
    cache_of_machine.cache_clear()


@pytest.fixture
def unwritable(tmp_path, monkeypatch):
    """A path that is a file, so that no folder can lie in it; also beside the module."""
    (tmp_path / "file").touch()
    monkeypatch.setattr(machine_cache, "__file__", str(tmp_path / "file" / "machine_cache.py"))
    return tmp_path / "file"


def test_the_preferred_place_comes_first(tmp_path):
    assert cache_of_machine("vectors", tmp_path) == tmp_path / "vectors"


def test_the_cache_of_the_user_comes_last(tmp_path, monkeypatch, unwritable):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache_of_machine("vectors", unwritable) == tmp_path / "user" / "recsys" / "vectors"


def test_there_is_a_place_where_nothing_can_be_written(monkeypatch, unwritable):
    monkeypatch.setenv("XDG_CACHE_HOME", str(unwritable))
    folder = cache_of_machine("vectors", unwritable)
    assert folder.is_dir()
    assert cache_of_machine("vectors", unwritable) == folder
