import numpy as np
import polars as pl
import pytest

from recsys_lib.data.summary import read_summary
from recsys_lib.files import read_json, write_json
from recsys_lib.parameters import EvaluateParameters
from recsys_lib.search import MODES, ProductSearch
from recsys_lib.search.quality import (
    Qrels,
    SearchReport,
    WeightChoice,
    evaluate_search,
    known_items,
    measure_search,
    weight_choice,
)
from recsys_lib.search.quality.evaluate import title_baselines
from recsys_lib.search.quality.report import best_and_worst
from recsys_lib.significance import bootstrap_interval

GRADES = [{0: 3.0, 1: 1.0}, {2: 1.0}, {5: 0.0}]
QRELS = Qrels("judged queries", ["one", "two", "three"], GRADES)
PERFECT = {"one": [0, 1], "two": [2], "three": []}


def ranker(lists):
    return lambda query, k: np.array(lists[query][:k], dtype=np.int64)


@pytest.fixture(scope="module")
def quality():
    half = {"one": [9, 0, 1], "two": [8], "three": [7]}
    return measure_search({"hybrid": ranker(PERFECT), "lexical": ranker(half)}, QRELS, seed=1)


def test_means_leave_out_what_cannot_be_answered(quality):
    assert [quality.mean("hybrid", m) for m in ("ndcg@10", "recall@100", "mrr")] == [1, 1, 1]
    assert quality.ci95("hybrid") == 0
    assert quality.mean("lexical", "mrr") == 0.25
    assert quality.mean("lexical", "recall@100") == 0.5


def test_intervals_are_those_of_the_bootstrap():
    """One query in ten finds its product, at rank 1 to 5: too skewed for the normal interval."""
    grades = [{0: 1.0}] * 50
    qrels = Qrels("judged queries", [str(n) for n in range(50)], grades)
    lists = {str(n): [1] * n + [0] if n < 5 else [1] for n in range(50)}
    measured = measure_search({"hybrid": ranker(lists)}, qrels, seed=7)
    low, high = bootstrap_interval(measured.values["hybrid"]["mrr"][:, None], seed=7)
    assert measured.ci95("hybrid", "mrr") == (high[0] - low[0]) / 2
    assert measured.metrics("hybrid")["search.mrr.ci95"] == measured.ci95("hybrid", "mrr") > 0.01


def test_metrics_have_flat_names(quality):
    flat = quality.metrics("hybrid")
    assert flat["search.ndcg@10"] == 1
    assert flat["search.lexical.mrr"] == 0.25
    assert flat["search.lexical.mrr.ci95"] > 0
    assert quality.table()["search"].to_list() == ["hybrid", "lexical"]


def test_worst_and_best_queries_and_what_was_missing(quality):
    titles = pl.Series([f"product {n}" for n in range(10)])
    table = best_and_worst(quality, "lexical", titles, 1)
    assert table["query"].to_list() == ["two", "one"]
    assert table["missing"].to_list() == ["product 2", "nothing"]
    assert table["top"].to_list() == ["product 8", "product 9 · product 0"]


@pytest.fixture(scope="module")
def known(shop):
    search = ProductSearch.load(shop.version("v1") / "search")
    return search, known_items(search, read_summary(shop.processed), 30, seed=1)


def test_known_items_are_looked_for_by_their_own_words(known):
    search, (titles, reviews) = known
    assert (titles.name, reviews.name) == (
        "known items by their titles",
        "known items by their reviews",
    )
    assert 25 < len(titles.queries) <= 30
    for query, grades in zip(titles.queries, titles.grades, strict=True):
        ((row, grade),) = grades.items()
        assert grade == 1
        title = search.display["title"][row]
        assert all(word in title for word in query.split())
    assert len(reviews.queries) == 30
    assert all(0 <= row < len(search) for grades in reviews.grades for row in grades)


def test_blank_titles_have_no_known_items(blank, opened, tmp_path):
    search = opened(blank)
    summary = {"files": [{"path": tmp_path / "gone.csv"}], "source": "tables"}
    assert known_items(search, summary, 30, seed=1) == []
    report = SearchReport(search, ())
    assert "give judged queries (evaluate.judgments)" in report.facts()["search"]
    assert report.results().is_empty()
    assert report.best_and_worst(4).is_empty()
    assert report.halves().is_empty()
    report.save(tmp_path)
    assert read_json(tmp_path / "metrics.json") == {"metrics": {}}
    for baseline in title_baselines(search).values():
        assert len(baseline("cup", 2)) == 2


def test_some_blank_titles_are_passed_over(build, catalogue, opened, tmp_path):
    rows = [(f"T{n}", f"cup {n}" if n % 2 else " -- ", None) for n in range(6)]
    summary = {"files": [{"path": tmp_path / "gone.csv"}], "source": "tables"}
    (titles,) = known_items(opened(build(catalogue(rows))[0]), summary, 6, seed=1)
    assert sorted(titles.queries) == ["cup 1", "cup 3", "cup 5"]
    assert (
        measure_search({"x": ranker({q: [] for q in titles.queries})}, titles, seed=1).mean("x")
        == 0
    )


def test_without_judgments_the_label_says_so(shop, tmp_path):
    report = evaluate_search(shop, "v1", EvaluateParameters(search_queries=10))
    assert set(report.results()["search"]) == set(MODES)
    assert all(name.startswith("known items") for name in report.results()["query set"])
    assert all(name.startswith("search.known_") for name in report.metrics())
    assert report.metrics()["search.known_titles.recall@100"] > 0.8
    assert report.weight_plot() is None
    write_json(tmp_path / "metrics.json", {"metrics": {"als.ndcg@10": 0.5}, "other": 1})
    report.save(tmp_path)
    stored = read_json(tmp_path / "metrics.json")
    assert stored["other"] == 1
    assert stored["metrics"] == {"als.ndcg@10": 0.5} | report.metrics()
    assert len(pl.read_parquet(tmp_path / "search_queries.parquet")) > 0


def test_with_judgments_titles_alone_stand_beside(shop, tmp_path):
    titles = ProductSearch.load(shop.version("v1") / "search").display.drop_nulls("title")
    rows = titles.head(6).select(pl.col("title").alias("query"), "id", rating=pl.lit(2))
    rows.write_csv(tmp_path / "judged.csv")
    parameters = EvaluateParameters(
        judgments=str(tmp_path / "judged.csv"), judgment_columns={"item_id": "id"}
    )
    report = evaluate_search(shop, "v1", parameters)
    assert report.results()["search"].to_list() == [*MODES, "titles semantic", "titles lexical"]
    assert report.metrics()["search.ndcg@10"] > 0.8, "whole titles find their products"
    halves = report.weights.table()
    assert halves["chosen on"].to_list() == ["first half", "second half"]
    assert report.weights.values.shape == (11, 6)
    assert report.weight_plot() is not None


def test_the_weight_is_chosen_on_one_half_and_measured_on_the_other():
    values = np.zeros((11, 4))
    values[2] = [1.0, 0.8, 0.1, np.nan]
    values[9] = [0.5, 0.7, 0.6, np.nan]
    choice = WeightChoice(0.3, np.array([True, True, False, False]), values)
    assert choice.table().rows() == [
        ("first half", 0.2, pytest.approx(0.9), pytest.approx(0.1)),
        ("second half", 0.9, pytest.approx(0.6), pytest.approx(0.6)),
    ]


def test_no_weight_is_chosen_on_a_half_without_answers():
    assert weight_choice(None, Qrels("one query", ["cup"], [{0: 1.0}]), seed=1) is None
    graded = [{0: 1.0}, {0: 0.0}, {1: 0.0}]
    assert weight_choice(None, Qrels("one answer", ["a", "b", "c"], graded), seed=1) is None


def test_without_a_search_part_it_says_so(shop):
    report = evaluate_search(shop, "v0", EvaluateParameters())
    assert "nothing to search" in report.facts()["search"]
    assert report.metrics() == {}


@pytest.mark.realdata
@pytest.mark.slow
def test_words_alone_on_judged_queries(real_data, tmp_path):
    """No language model: BM25 over weighted fields, against the figure that was measured."""
    from recsys_lib.data.etl import load_dataset
    from recsys_lib.ids import IdMap
    from recsys_lib.parameters import EmbedParameters, EtlParameters
    from recsys_lib.paths import Dataset
    from recsys_lib.search._lexical import LexicalIndex
    from recsys_lib.search._words import Tokenizer
    from recsys_lib.search.quality import read_qrels
    from recsys_lib.search.text import field_texts

    parameters = EtlParameters(
        reviews="judgments.csv",
        columns={"user_id": "query", "parent_asin": "docid", "rating": "", "timestamp": ""},
        product_columns={
            "store": "supplier",
            "features": "short_description",
            "details": "attr_t_*",
        },
    )
    icecat = Dataset.find(real_data / "icecat_search", tmp_path)
    products = load_dataset(icecat, parameters).catalogue.frame
    weights = EmbedParameters().word_weights
    texts = {field: field_texts(products, field, "x") for field in weights}
    index = LexicalIndex.from_texts(texts, weights, Tokenizer("english"))
    qrels = read_qrels(
        icecat.raw / "judgments.csv",
        {"item_id": "docid", "rating": "final_rating"},
        IdMap(products["parent_asin"]),
    )
    assert len(qrels.queries) == 135
    rank = {"lexical": lambda query, k: np.argsort(-index.scores(query), kind="stable")[:k]}
    assert measure_search(rank, qrels, seed=0).mean("lexical") == pytest.approx(0.807, abs=0.01)
