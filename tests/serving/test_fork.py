"""Models that were opened before a fork say so in the child, which cannot use them."""

import os
import signal
import sys
import time

import polars as pl
import pytest

from recsys_lib import Recommender
from recsys_lib.serving import _process

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def in_child(ask, seconds=20):
    """What ``ask`` raises in a forked child; it is killed when it does not end in time."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            ask()
            said = "an answer"
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    deadline = time.monotonic() + seconds
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "no answer"
        time.sleep(0.01)
    with os.fdopen(reader, "rb") as pipe:
        return pipe.read().decode()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_gets_a_sentence_instead_of_hanging(shop):
    recommender = Recommender.load(shop.version("v1"))
    item, user = recommender.example_items(1)[0], recommender.example_users(1)[0]
    recommender.search("water filter")
    questions = [
        lambda: recommender.similar_items(item),
        lambda: recommender.recommend(user),
        lambda: recommender.recommend_for_history([item]),
        lambda: recommender.search("water filter"),
        recommender.status,
        lambda: recommender.find_items("filter"),
        lambda: Recommender.load(shop.version("v1")),
    ]
    for ask in questions:
        assert in_child(ask).startswith("ForkedError: the models were opened before this process")
    assert len(recommender.similar_items(item, 3)) == 3, "the parent goes on"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the threads of a process")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_of_a_process_that_used_polars_gets_a_sentence(shop, monkeypatch):
    """Where nothing was opened before, the threads of polars may run: to read a file would hang."""
    monkeypatch.setattr(_process._Process, "opened", False)
    pl.DataFrame({"a": range(9)}).sort("a").group_by("a").len()
    said = in_child(lambda: Recommender.load(shop.version("v1")))
    assert said.startswith("ForkedError: polars was used before this process was forked")


def test_threads_that_polars_starts_when_it_is_imported_do_no_harm(monkeypatch):
    monkeypatch.setattr(_process, "_thread_names", lambda: ["python", "polars-ooc-clea", "polars"])
    monkeypatch.setattr(_process._Process, "opened", False)
    assert in_child(_process.check_process) == "an answer"
