"""What has nothing to do with a query is found, but marked."""

import numpy as np
import pytest

from recsys_lib.search import ProductSearch
from recsys_lib.search._choice import build_index
from recsys_lib.search._far import far_bound

THINGS = ("coffee maker", "water filter", "washing machine", "garden hose", "winter jacket")
MAKES = ("compact", "large", "black", "steel", "cordless", "portable", "cheap", "premium")


@pytest.fixture(scope="module")
def search(catalogue, build):
    titles = [f"{make} {thing}".capitalize() for thing in THINGS for make in MAKES]
    folder, metrics = build(catalogue([(f"P{n}", title, None) for n, title in enumerate(titles)]))
    assert metrics["search.nonsense_far"] > 0.8
    assert metrics["search.questions_far"] < 0.1
    return ProductSearch.load(folder)


@pytest.mark.parametrize("query", ["qwertyuiop", "xkcd blorf", "zzzz zzzz"])
def test_nothing_has_to_do_with_nonsense(search, query):
    assert len(search.search(query, 5, mode="lexical")[0]) == 0
    rows, _ = search.search(query, 5)
    assert len(rows) == 5
    assert search.far(query, rows).all()


@pytest.mark.parametrize("query", ["espresso machine", "coat for cold days", "garden", "P3"])
def test_the_best_answers_to_a_meaning_a_word_or_a_code_are_near(search, query):
    rows, _ = search.search(query, 3)
    assert not search.far(query, rows)[0]


def test_a_product_with_a_word_of_the_query_is_never_far(search):
    rows, _ = search.search("garden qwertyuiop zzzz", 40)
    has_word = np.array(["garden" in name.lower() for name in search.names[rows]])
    assert has_word.any()
    assert not search.far("garden qwertyuiop zzzz", rows)[has_word].any()


def test_the_bound_lies_between_two_kinds_that_are_apart():
    """Words of the catalogue have cosine 1 to their product, scrambled ones 0.6."""
    texts = ["alpha", "beta", "gamma"]
    known = np.eye(4, dtype=np.float32)[:3]

    def encode(asked):
        unknown = np.array([0.6, 0, 0, 0.8], dtype=np.float32)
        return np.array([known[texts.index(t)] if t in texts else unknown for t in asked])

    bound = far_bound(texts, encode, build_index(known), known)
    assert 0.6 < bound.cosine <= 1
    assert bound.questions == 0
    assert bound.nonsense > 0.9  # a word scrambled may be itself


def test_the_vector_of_a_search_is_used_again_for_its_marks_alone(search, monkeypatch):
    encoded = []
    encode = search.encoder.encode_query
    monkeypatch.setattr(search.encoder, "encode_query", lambda q: encoded.append(q) or encode(q))
    rows, _ = search.search("cheap kettle", 3)
    search.far("cheap kettle", rows)
    assert encoded == ["cheap kettle"]
    search.search("steel pot", 3)
    search.search("cheap kettle", 3)  # no query is answered from an earlier one
    assert encoded == ["cheap kettle", "steel pot", "cheap kettle"]
