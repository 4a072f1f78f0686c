"""What notebook 03 shows, also for catalogues in which there is little to show."""

import numpy as np
import polars as pl
import pytest

from recsys_lib.search import ProductSearch, product_texts
from recsys_lib.search.examples import (
    example_queries,
    example_typos,
    search_examples,
    similar_examples,
    text_examples,
    token_lengths,
)


@pytest.fixture(scope="module")
def search(built, opened):
    return opened(built[0])


def test_examples_show_titles_best_first(search):
    table = search_examples(search, ["laundry machine", "coffee"], 2)
    assert table.columns == ["query", "rank", "hybrid", "semantic", "lexical"]
    assert table["rank"].to_list() == [1, 2, 1, 2]
    assert table["lexical"][2:].to_list() == ["Espresso coffee maker", None]
    assert table["hybrid"][2] == table["semantic"][2] == "Espresso coffee maker"
    similar = similar_examples(search, 0, 2)
    assert similar["title"][0] == "Front load washing machine"
    assert similar["rank"].to_list() == [0, 1, 2]


def test_example_queries_are_the_first_words_of_titles(search):
    queries = example_queries(search, 3, words=2)
    titles = search.display["title"].to_list()
    assert len(queries) == 3
    assert all(any(title.startswith(query) for title in titles) for query in queries)


def test_example_queries_end_in_a_word(catalogue, build):
    dashed = catalogue([("T1", "Gift Card - Birthday", None), ("T2", " - ", None)])
    assert example_queries(ProductSearch.load(build(dashed)[0]), 2, words=3) == ["Gift Card"]


def test_plot_tells_how_many_texts_are_cut():
    plot = token_lengths(np.array([10, 20, 30, 100]), max_tokens=64)
    (axes,) = plot.axes
    assert axes.texts[0].get_text() == "cut at 64: 25% of the texts are longer"
    assert sum(bar.get_height() for bar in axes.patches) == 4


def test_text_examples_are_spread_over_the_catalogue(encoder):
    texts = [f"cup {n}" if n % 2 else "" for n in range(21)]
    table = text_examples(encoder, texts, 3)
    assert table["text"].to_list() == ["cup 5", "cup 9", "cup 13"]
    assert table["tokens"].to_list() == [4, 4, 4]


def test_no_texts_give_an_empty_table_and_an_empty_plot(encoder, products):
    empty = product_texts(products.filter(pl.col("title").is_null()), ["title"])
    table = text_examples(encoder, empty, 3)
    assert table.schema == {"tokens": pl.Int64, "text": pl.String}
    assert table.is_empty()
    (axes,) = token_lengths(encoder.token_counts([]), max_tokens=64).axes
    assert axes.texts[0].get_text() == "cut at 64: 0% of the texts are longer"


def test_one_product(catalogue, build, opened, encoder):
    only = catalogue([("T1", "Espresso coffee maker", None)])
    search = opened(build(only)[0])
    assert text_examples(encoder, product_texts(only, ["title"]), 3)["text"].len() == 1
    assert example_queries(search, 3, words=2) == ["Espresso coffee"]
    assert example_typos(search) == ["t1", "esrpesso"]
    table = search_examples(search, ["coffee"], 5)
    assert table.row(0) == ("coffee", 1, *["Espresso coffee maker"] * 3)
    assert len(table) == 1
    assert similar_examples(search, 0, 8)["title"].to_list() == ["Espresso coffee maker"]


def test_blank_titles(blank, opened):
    search = opened(blank)
    assert search.names.to_list() == ["N1", "N2", "N3"]
    assert example_queries(search, 3, words=2) == ["red cup", "blue plate"]
    assert example_typos(search) == ["n2"]
    assert search_examples(search, ["plate"], 1)["lexical"].to_list() == ["N2"]
    assert similar_examples(search, 1, 8)["title"].len() == 3


def test_no_queries_no_rows(search):
    assert search_examples(search, [], 5).is_empty()
