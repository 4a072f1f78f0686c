import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from recsys_lib.blend import Histories
from recsys_lib.blend._reasons import Reason, reasons
from recsys_lib.blend.sources import (
    POPULAR,
    RECENT,
    TEXT,
    Popularity,
    RecentPopularity,
    Successors,
    TextNeighbours,
)

COUNTS = np.ones(4, dtype=int)
HISTORY = Histories.from_items([0, 1], 1.0, 4)


def reason_of(sources, shares, item=2, history=HISTORY):
    """The reason for one item with these shares."""
    scores = SimpleNamespace(
        blend=SimpleNamespace(sources=sources),
        history=history,
        shares=lambda items: {name: np.array([share]) for name, share in shares.items()},
    )
    (reason,) = reasons(scores, np.array([item]), lambda row: f"item {row}")
    return reason


@pytest.mark.parametrize(
    ("popular", "text", "source"),
    [
        (0.55, 0.45, "popular"),
        (0.5, 0.5, "blend"),
        (0.45, 0.55, "semantic"),
    ],
)
def test_a_source_is_named_for_more_than_half_of_the_score(popular, text, source):
    sources = {POPULAR: Popularity(COUNTS), TEXT: TextNeighbours(np.eye(4, dtype=np.float32))}
    assert reason_of(sources, {POPULAR: popular, TEXT: text}).source == source


def test_three_sources_without_a_majority_are_a_blend():
    sources = {
        POPULAR: Popularity(COUNTS),
        RECENT: RecentPopularity(COUNTS),
        TEXT: TextNeighbours(np.eye(4, dtype=np.float32)),
    }
    found = reason_of(sources, {POPULAR: 0.3, RECENT: 0.45, TEXT: 0.25})
    assert found == Reason("blend", "popular lately")


def test_what_was_taken_before_is_not_called_similar_to_itself():
    sources = {TEXT: TextNeighbours(np.eye(4, dtype=np.float32))}
    assert reason_of(sources, {TEXT: 1.0}, item=1) == Reason("semantic", "taken before")


@pytest.mark.parametrize("half_life", [1.0, 2.0, math.inf])
def test_the_closest_item_of_the_history_is_named_however_old_it_is(half_life):
    weights = np.zeros((4, 4), dtype=np.float32)
    weights[0, 2], weights[1, 2] = 3, 2
    source = Successors(sparse.csr_matrix(weights), half_life=half_life)
    assert reason_of({"after": source}, {"after": 1.0}).text == "because you bought item 0"


def test_only_liked_items_are_named():
    """Item 0 is closer, and had a low rating; what is left is named, or nothing."""
    weights = np.zeros((4, 4), dtype=np.float32)
    weights[0, 2], weights[1, 2] = 3, 2
    sources = {"after": Successors(sparse.csr_matrix(weights))}
    for liked, text in (([False, True], "because you bought item 1"), ([False] * 2, "popular")):
        history = replace(HISTORY, liked=np.array(liked))
        assert reason_of(sources, {"after": 1.0}, history=history).text == text


def test_a_similar_text_is_named_as_such():
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, 0]], dtype=np.float32)
    assert reason_of({TEXT: TextNeighbours(vectors)}, {TEXT: 1.0}).text == "similar to item 1"


def test_without_an_item_that_speaks_for_it_something_is_just_popular():
    source = Successors(sparse.csr_matrix((4, 4), dtype=np.float32))
    assert reason_of({"after": source}, {"after": 1.0}) == Reason("blend", "popular")
    nobody = Histories.from_items([], 1.0, 4)
    assert reason_of({POPULAR: Popularity(COUNTS)}, {POPULAR: 1.0}, history=nobody) == Reason(
        "popular", "popular"
    )
