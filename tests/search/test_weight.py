"""How much meaning counts is chosen from the data, and only for a reason."""

import numpy as np
import pytest
from pydantic import ValidationError

from recsys_lib.errors import InputDataError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import ProductSearch, _weight, build_search_part
from recsys_lib.search._choice import build_index
from recsys_lib.search._weight import USUAL, WEIGHTS, Searched, choose_weight
from recsys_lib.search.qrels import Qrels

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


def chosen(words, meaning, judged=None):
    vectors = np.eye(N, dtype=np.float32)
    searched = Searched(TITLES, TEXTS, vectors, build_index(vectors), Words(words))
    return choose_weight(searched, Meaning(meaning), judged)


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


def test_half_of_the_judged_queries_choose_and_the_others_tell_how_good_it_is():
    queries = [f"{row} {row}" for row in range(N)]
    judged = Qrels("judged queries", queries, [{row: 3.0, -1: 1.0} for row in range(N)])
    nobody = Qrels("judged queries", ["1 1"], [{1: 0.0}])
    choice = chosen(words=False, meaning=True, judged=judged)
    assert choice.weight > USUAL
    assert choice.n_queries == N // 2
    assert choice.held_out == pytest.approx(choice.ndcg.max())
    assert str(choice).startswith(f"{choice.weight}, by {N // 2} judged queries; nDCG@10 of the")
    assert chosen(words=True, meaning=True, judged=judged).weight == USUAL
    assert chosen(words=False, meaning=True, judged=nobody).weight == USUAL


@pytest.mark.parametrize(("queries", "expected"), [(6, 0.6), (2, USUAL)])
def test_a_likely_gain_is_enough_for_judged_queries_and_not_for_made_ones(queries, expected):
    """A gain of 0.05 for four queries of six and a loss of 0.01 for two; two prove nothing."""
    values = np.full((queries, len(WEIGHTS)), 0.5)
    values[:4, WEIGHTS.index(0.6)] += 0.05
    values[4:, WEIGHTS.index(0.6)] -= 0.01
    assert WEIGHTS[_weight._best(values, _weight._LIKELY)] == expected
    assert WEIGHTS[_weight._best(values, _weight._BEYOND_NOISE)] == USUAL


def test_a_file_of_judged_queries_is_read_from_the_folder_of_the_dataset(
    products, encoder, tmp_path
):
    ids = products["parent_asin"].to_list()
    rows = "".join(f"{name},{item},2\n" for name, item in zip("abcdef", ids, strict=False))
    (tmp_path / "judged.csv").write_text(f"query,doc,rating\n{rows}")
    given = {"judgments": "judged.csv", "judgment_columns": {"item_id": "doc"}}
    parameters = EmbedParameters(precision="float32", **given)
    part = tmp_path / "s"
    build_search_part(products, parameters, part, "x", encoder=encoder, raw=tmp_path)
    said = ProductSearch.load(part).facts()["weight of meaning in hybrid search"]
    assert said.startswith("0.3, by 3 judged queries; nDCG@10 of the others ")
    with pytest.raises(InputDataError, match="no such file: judgments must be a file"):
        build_search_part(products, parameters, part, "x", encoder=encoder, raw=tmp_path / "no")


def test_a_given_weight_is_used_as_it_is(build, products, encoder, tmp_path):
    parameters = EmbedParameters(precision="float32", semantic_weight=0.7)
    build_search_part(products, parameters, tmp_path / "s", "x", encoder=encoder)
    assert ProductSearch.load(tmp_path / "s").semantic_weight == 0.7
    assert ProductSearch.load(build(products)[0]).semantic_weight == USUAL
    with pytest.raises(ValidationError, match="less than or equal to 1"):
        EmbedParameters(semantic_weight=1.5)
