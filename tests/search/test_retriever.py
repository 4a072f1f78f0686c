"""A catalogue in which it is known what each kind of search must find."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from recsys_lib.columns import Products
from recsys_lib.errors import QueryError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import MODES, ProductSearch
from recsys_lib.search._identifiers import identifiers, rows_with_code
from recsys_lib.search._models import CrossEncoder

ROWS = [
    ("B0DRYER001", "Clothes dryer, electric", {"Part Number": "DR-100X"}, 499.0, 4.5, 10),
    ("B0BELT0001", "Dryer belt WP2187172", {"Brand": "Acme"}, 12.0, 4.0, 3),
    ("B0BELT0002", "Dryer belt WP2187173", {"Brand": "Acme"}, 11.0, None, 0),
    ("B0FRIDGE01", "Refrigerator, 8-inch drawer", {"UPC": "0123456789"}, 899.0, 3.0, 7),
    ("B0FRIDGE02", "Refrigerator with ice maker", {}, None, 4.9, 1),
    ("B0LAUNDRY1", "Compact laundry washing machine", {}, 300.0, 2.0, 5),
]
TYPES = {
    Products.PRICE: pl.Float64,
    Products.AVERAGE_RATING: pl.Float64,
    Products.RATING_NUMBER: pl.Int64,
}


@pytest.fixture(scope="module")
def folder(build):
    data = {name: [None] * len(ROWS) for name in Products.ALL}
    names = (Products.ITEM, Products.TITLE, Products.DETAILS, *TYPES)
    columns = zip(*ROWS, strict=True)
    data |= dict(zip(names, map(list, columns), strict=True))
    data[Products.DETAILS] = [json.dumps(details) for details in data[Products.DETAILS]]
    data[Products.MAIN_CATEGORY] = ["Laundry"] * 3 + ["Kitchen"] * 2 + ["Laundry"]
    products = pl.DataFrame(data, schema=dict.fromkeys(Products.ALL, pl.String) | TYPES)
    return build(products)[0]


@pytest.fixture(scope="module")
def search(folder, opened):
    return opened(folder)


def found(search, query, k=10, **how):
    rows, scores = search.search(query, k, **how)
    assert (np.diff(scores) <= 1e-6).all()
    assert len(set(rows)) == len(rows) <= k
    return list(search.items.ids(rows))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("query", "item"),
    [
        ("B0FRIDGE02", "B0FRIDGE02"),
        ("b0fridge02", "B0FRIDGE02"),
        ("WP2187173", "B0BELT0002"),
        ("wp-2187173", "B0BELT0002"),
        ("DR100X", "B0DRYER001"),
        ("0123456789", "B0FRIDGE01"),
    ],
)
def test_exact_codes_come_first_in_every_mode(search, query, item, mode):
    assert found(search, query, mode=mode)[0] == item


def test_words_find_only_what_has_them_meaning_finds_all(search):
    assert set(found(search, "refrigerator", mode="lexical")) == {"B0FRIDGE01", "B0FRIDGE02"}
    assert len(found(search, "refrigerator", mode="semantic")) == len(ROWS)
    assert found(search, "clothes washer", k=1, mode="semantic") == ["B0LAUNDRY1"]


def test_hybrid_is_the_default_and_has_both(search):
    assert found(search, "fridge drawer 8 inch")[0] == "B0FRIDGE01"
    assert found(search, "refrigertor")[:2] == found(search, "refrigerator")[:2]


def test_the_weight_decides_who_is_heard(search):
    by_words = found(search, "dryer", semantic_weight=0.0)
    by_meaning = found(search, "dryer", semantic_weight=1.0)
    assert by_words[:3] == found(search, "dryer", mode="lexical")
    assert by_meaning == found(search, "dryer", mode="semantic")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("filters", "items"),
    [
        ({"category": "kitchen"}, {"B0FRIDGE01", "B0FRIDGE02"}),
        ({"max_price": 12}, {"B0BELT0001", "B0BELT0002"}),
        ({"with_reviews": True, "max_price": 12}, {"B0BELT0001"}),
        ({"min_rating": 4.6}, {"B0FRIDGE02"}),
        ({"min_price": 1000}, set()),
    ],
)
def test_filters_hold_in_every_mode(search, mode, filters, items):
    answer = found(search, "dryer belt refrigerator", mode=mode, filters=filters)
    assert set(answer) == items


def test_a_code_does_not_pass_a_filter(search):
    assert found(search, "WP2187172", filters={"category": "kitchen"}, mode="lexical") == []


ODD = [
    "x" * 10_000,
    "dryer " * 2_000,
    "?!...---",
    "😀😀",
    "洗衣机",
    "сушилка",
    "مجفف",
    "'; DROP TABLE product_catalog; --",
    "<script>alert(1)</script>",
    "half \ud83d emoji",
    "NULL",
    "%_%",
    "../../etc/passwd",
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", ODD, ids=range(len(ODD)))
def test_odd_queries_are_answered(search, query, mode):
    rows, scores = search.search(query, 3, mode=mode)
    assert len(rows) == (3 if mode != "lexical" else len(rows)) <= 3
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("blank", ["", "  \t\n", "\u00a0", "\u200b", "\x00\x01"])
@pytest.mark.parametrize("mode", MODES)
def test_blank_queries_are_refused(search, blank, mode):
    with pytest.raises(ValueError, match="query is empty"):
        search.search(blank, 3, mode=mode)


def test_what_is_not_known_is_named(search):
    with pytest.raises(QueryError, match=r"'semantics': did you mean 'semantic'"):
        search.search("dryer", 3, mode="semantics")
    with pytest.raises(QueryError, match="k is 0"):
        search.search("dryer", 0, mode="lexical")


def test_words_alone_need_no_language_model(folder):
    code = f"""
import sys
from pathlib import Path
from recsys_lib.search import ProductSearch
search = ProductSearch.load(Path({str(folder)!r}))
rows, _ = search.search("refrigertor", 5, mode="lexical")
assert len(rows) == 2
assert len(search.similar(0, 3)[0]) == 3
assert not {{"torch", "sentence_transformers", "transformers"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("mode", MODES)
def test_what_a_query_rules_out_is_not_found(search, mode):
    assert "B0DRYER001" in found(search, "dryer", mode=mode)
    for query in ("dryer not electric", "dryer -electric", "dryer -Belts not a refrigerator"):
        rows = found(search, query, mode=mode)
        unwanted = {"electric": {"B0DRYER001"}, "Belts": {"B0BELT0001", "B0BELT0002"}}
        for word, items in unwanted.items():
            assert not (word in query and items & set(rows)), query
        assert rows
    # Several words count together.
    assert "B0DRYER001" in found(search, "dryer -electric-refrigerator", mode=mode)
    # Filters count as well, and a hyphen within a word or a query of nothing else is no negation.
    assert found(search, "dryer -electric", mode=mode, filters={"min_price": 400}) in (
        ["B0FRIDGE01"],
        [],
    )
    assert "B0FRIDGE01" in found(search, "8-inch drawer", mode=mode)
    assert "B0DRYER001" in found(search, "-dryer", mode=mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("query", ["dryer", "refrigerator with a drawer", "B0BELT0002"])
def test_a_longer_list_begins_with_the_shorter_one(search, monkeypatch, mode, query):
    for module in ("_fusion", "_lists"):
        monkeypatch.setattr(f"recsys_lib.search.{module}.DEPTH", 2)
    whole, scores = search.search(query, 10, mode=mode)
    assert (np.diff(scores) <= 1e-6).all()
    assert len(whole) == len(ROWS) or mode == "lexical"
    for k in range(1, len(whole)):
        rows, top = search.search(query, k, mode=mode)
        assert rows.tolist() == whole[:k].tolist()
        np.testing.assert_array_equal(top, scores[:k])
        page, _ = search.search(query, 2, mode=mode, offset=k)
        assert page.tolist() == whole[k : k + 2].tolist()
    assert len(search.search(query, 5, mode=mode, offset=len(ROWS))[0]) == 0


def test_a_cross_encoder_has_the_last_word(search, folder, monkeypatch):
    """One that loves ice makers."""
    asked = []

    class IceMakers:
        def scores(self, query, texts):
            asked.append((query, list(texts)))
            return np.array([float("ice maker" in text) for text in texts])

    reranking = ProductSearch.load(folder)
    values = reranking.parameters.model_dump() | {"reranker": "some/model", "rerank_top": 5}
    reranking.parameters = EmbedParameters(**values)
    reranking._encoder, reranking._reranker = search.encoder, IceMakers()
    assert found(reranking, "dryer refrigerator")[0] == "B0FRIDGE02"
    assert asked[0][0] == "dryer refrigerator"
    assert len(asked[0][1]) == 5
    assert found(reranking, "B0DRYER001")[0] == "B0DRYER001", "a code still comes first"
    assert found(reranking, "dryer", filters={"min_price": 1000}) == [], "nothing to rerank"


@pytest.mark.slow
def test_any_cross_encoder_of_the_library_can_be_named(tmp_path):
    """A tiny one with random weights, saved by the library itself."""
    from sentence_transformers import CrossEncoder as Library
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    from recsys_lib.search._models import PACKAGED_MODEL, model_folder

    tokenizer = AutoTokenizer.from_pretrained(str(model_folder(PACKAGED_MODEL)))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=1,
    )
    BertForSequenceClassification(config).save_pretrained(tmp_path / "tiny")
    tokenizer.save_pretrained(tmp_path / "tiny")
    pairs = [("dryer", "Dryer belt"), ("dryer", "Refrigerator")]
    oracle = Library(str(tmp_path / "tiny")).predict(pairs)
    scores = CrossEncoder(str(tmp_path / "tiny")).scores("dryer", [text for _, text in pairs])
    np.testing.assert_allclose(scores, oracle, atol=1e-6)


def test_a_short_number_is_no_code():
    """Ids that count the rows of a table would hide the products that have the number."""
    ids = ["12", "22423", "0012345678905"]
    columns = {Products.ITEM: ids, Products.TITLE: ["Usual Suspects", "12 Angry Men", "Mug"]}
    codes = identifiers(pl.DataFrame(columns | {Products.DETAILS: ["", "", ""]}))
    assert rows_with_code(codes, "12").tolist() == []
    assert rows_with_code(codes, "22423").tolist() == [1]
    assert rows_with_code(codes, "0012345678905").tolist() == [2]
