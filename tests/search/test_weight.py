"""How much meaning counts is chosen from the data, and only for a reason."""

import numpy as np
import pytest
from pydantic import ValidationError

from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import ProductSearch
from recsys_lib.search._index import build_index
from recsys_lib.search._weight import USUAL, WEIGHTS, Searched, choose_weight

N = 120
TITLES = [f"word{row} thing{row}" for row in range(N)]
TEXTS = [f"{title} about{row} made{row}" for row, title in enumerate(TITLES)]


def row_of(query):
    return int("".join(filter(str.isdigit, query.split()[0])))


class Words:
    """A lexical index that knows the answer, or draws one."""

    def __init__(self, knows):
        self.knows, self.rng = knows, np.random.default_rng(2)

    def best(self, query, k):
        rows = self.rng.permutation(N)
        if self.knows:
            rows = np.r_[row_of(query), rows[rows != row_of(query)]]
        return rows, np.linspace(9, 1, N)


class Meaning:
    """An encoder that knows the answer, or draws one."""

    def __init__(self, knows):
        self.knows, self.rng = knows, np.random.default_rng(3)

    def encode(self, queries):
        rows = [row_of(q) if self.knows else int(self.rng.integers(N)) for q in queries]
        return np.eye(N, dtype=np.float32)[rows]


def chosen(words, meaning):
    vectors = np.eye(N, dtype=np.float32)
    searched = Searched(TITLES, TEXTS, vectors, build_index(vectors), Words(words))
    return choose_weight(searched, Meaning(meaning))


def test_where_words_say_nothing_meaning_counts_more():
    choice = chosen(words=False, meaning=True)
    assert choice.weight > USUAL
    assert choice.n_queries == 2 * N
    assert choice.ndcg[WEIGHTS.index(choice.weight)] == choice.ndcg.max() == 1


def test_where_both_find_everything_or_nothing_the_usual_weight_stays():
    assert chosen(words=True, meaning=True).weight == USUAL
    assert chosen(words=False, meaning=False).weight == USUAL


def test_without_words_there_is_nothing_to_choose_by():
    vectors = np.eye(2, dtype=np.float32)
    choice = choose_weight(
        Searched(["", ""], ["", ""], vectors, build_index(vectors), Words(True)), Meaning(True)
    )
    assert (choice.weight, choice.n_queries) == (USUAL, 0)


def test_a_given_weight_is_used_as_it_is(build, products, encoder, tmp_path):
    from recsys_lib.search import build_search_part

    parameters = EmbedParameters(precision="float32", semantic_weight=0.7)
    build_search_part(products, parameters, tmp_path / "s", "x", encoder=encoder)
    assert ProductSearch.load(tmp_path / "s").semantic_weight == 0.7
    assert ProductSearch.load(build(products)[0]).semantic_weight == USUAL
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        EmbedParameters(semantic_weight=1.5)
