"""Static vectors: the mean of those of tokens, weighted by how few texts have each."""

import errno
import gzip
import json

import numpy as np
import polars as pl
import pytest

from recsys_lib.columns import Products
from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.ids import IdMap
from recsys_lib.machine_cache import cache_of_machine
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import ProductSearch, build_search_part, text_encoder, update_search_part
from recsys_lib.search._static import TOKEN_VECTORS_FILE
from recsys_lib.search._token_vectors import token_vectors
from recsys_lib.search.quality import ndcg, read_qrels
from tests.support.few_words import few_words

WORDS = "water filter for the kitchen coffee machine washing small laundry red blue green cup"
TEXTS = ["water filter", "coffee machine for the kitchen", "the small cup", "the red cup"]
WEIGHTS = "0" * 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return few_words(tmp_path_factory.mktemp("model") / "few-words", WORDS)


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory):
    """What a machine keeps lies in a folder of this module."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("cache")
        patch.setattr("recsys_lib.search._token_vectors.cache_of_machine", lambda name: place)
        yield
    cache_of_machine.cache_clear()


@pytest.fixture(scope="module")
def parameters(folder):
    return EmbedParameters(model=str(folder), backend="static", language="english")


@pytest.fixture
def encoder(parameters):
    return text_encoder(parameters)


def test_a_token_has_the_vector_of_the_model_less_what_all_share(folder):
    words = WORDS.split()
    model = text_encoder(EmbedParameters(model=str(folder), backend="openvino"))
    exact = model.encode(words)
    vectors = token_vectors(folder, WEIGHTS)[5:]
    assert vectors.shape == exact.shape
    taken = exact - exact.mean(axis=0) - (vectors - vectors.mean(axis=0))
    assert np.linalg.matrix_rank(taken, tol=0.1) <= 3
    assert np.linalg.norm(taken) > 0.3


def test_a_text_is_the_mean_of_its_tokens(encoder, folder):
    vectors = token_vectors(folder, WEIGHTS)
    water, filter_ = vectors[5], vectors[6]
    expected = (water + 2 * filter_) / np.linalg.norm(water + 2 * filter_)
    np.testing.assert_allclose(encoder.encode(["filter water filter"])[0], expected, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_query("FILTER filter, water")[:3].shape, (3,))
    assert encoder.backend == "static"
    assert encoder.precision == "float32"


def test_rare_tokens_count_for_more(encoder, folder):
    """The weight is ln(1 + (4 - 3 + 0.5) / (3 + 0.5)) for 3 of 4 texts, as in BM25."""
    encoder.weigh(TEXTS)
    vectors = token_vectors(folder, WEIGHTS)
    the, cup = vectors[8], vectors[18]
    expected = np.log1p(1.5 / 3.5) * the + np.log1p(2.5 / 2.5) * cup
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(encoder.encode(["the cup"])[0], expected, atol=2e-3)
    encoder.weigh(TEXTS)  # again: weights replace each other
    np.testing.assert_allclose(encoder.encode(["the cup"])[0], expected, atol=2e-3)


def test_a_text_without_known_tokens_has_a_vector(encoder):
    encoder.weigh(TEXTS)
    unknown = encoder.encode(["zzz", "洗", "\u200d"])
    assert np.isfinite(unknown).all()
    np.testing.assert_allclose(unknown[0], unknown[2], atol=1e-6)


def test_many_texts_are_encoded_as_one_by_one(encoder):
    texts = [f"{a} {b} {c}" for a in WORDS.split() for b in WORDS.split() for c in ("red", "blue")]
    together = encoder.encode(texts)
    alone = np.stack([encoder.encode_query(text) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_long_texts_are_cut(encoder):
    encoder.max_tokens = 8
    six = "red red red blue blue blue"
    np.testing.assert_allclose(
        encoder.encode([f"{six} green cup"])[0], encoder.encode([six])[0], atol=1e-6
    )


def test_vectors_of_tokens_are_made_once_on_a_machine(folder, monkeypatch):
    expected = token_vectors(folder, WEIGHTS)
    monkeypatch.setattr("recsys_lib.search._token_vectors._encoded", None)
    np.testing.assert_array_equal(token_vectors(folder, WEIGHTS), expected)


def test_damaged_vectors_of_tokens_are_made_again(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_lib.search._token_vectors.cache_of_machine", lambda name: tmp_path)
    expected = token_vectors(folder, WEIGHTS)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"no array")
    np.testing.assert_array_equal(token_vectors(folder, WEIGHTS), expected)
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_size > 1000


def test_vectors_of_tokens_are_made_each_time_on_a_full_disk(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_lib.search._token_vectors.cache_of_machine", lambda name: tmp_path)
    monkeypatch.setattr("recsys_lib.files.sync", _full)
    assert np.isfinite(token_vectors(folder, WEIGHTS)).all()
    assert list(tmp_path.iterdir()) == []


def _full(_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_another_tokenizer_has_other_vectors(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_lib.search._token_vectors.cache_of_machine", lambda name: tmp_path)
    token_vectors(folder, WEIGHTS)
    other = few_words(tmp_path / "other", "red blue")
    assert len(token_vectors(other, WEIGHTS)) == 7


@pytest.fixture
def part(parameters, catalogue, tmp_path):
    rows = [(f"P{n}", text, None) for n, text in enumerate(TEXTS)]
    build_search_part(catalogue(rows), parameters, tmp_path / "search", "x")
    return tmp_path / "search"


def test_a_part_answers_with_what_it_learned(part, folder, monkeypatch):
    """Queries need no vectors of tokens but those of the part."""
    monkeypatch.setattr("recsys_lib.search._static.token_vectors", None)
    search = ProductSearch.load(part)
    assert search.search("cup small", 2, mode="semantic")[0].tolist()[0] == 2
    assert search.search("coffee", 1)[0].tolist() == [1]
    row = np.array([0])
    np.testing.assert_allclose(
        search.encoder.encode_query(TEXTS[0]), search.embeddings[row][0], atol=1e-6
    )
    assert "static" in search.facts()["encoder"]


def test_an_update_keeps_what_was_learned(part, catalogue, tmp_path):
    rows = [(f"P{n}", text, None) for n, text in enumerate([*TEXTS, "green laundry machine"])]
    made = update_search_part(part, tmp_path / "now", catalogue(rows), data_fingerprint="now")
    assert made == 1
    before, now = ProductSearch.load(part), ProductSearch.load(tmp_path / "now")
    np.testing.assert_array_equal(
        before.encoder.encode_query("red cup"), now.encoder.encode_query("red cup")
    )
    assert now.search("laundry", 1, mode="semantic")[0].tolist() == [4]


def test_a_damaged_part_is_refused(part):
    (part / TOKEN_VECTORS_FILE).unlink()
    with pytest.raises(ArtifactError, match="token_vectors"):
        ProductSearch.load(part)


def test_the_cache_of_vectors_is_not_asked(encoder, tmp_path):
    assert encoder.cache(tmp_path / "cache") is None


def test_what_cannot_be_static_is_said(folder, tmp_path):
    with pytest.raises(ParameterError, match=r"static cannot make .*: its precision is float32"):
        text_encoder(EmbedParameters(model=str(folder), backend="static", precision="int8"))
    (folder / "modules.json").rename(tmp_path / "modules.json")
    try:
        with pytest.raises(ParameterError, match=r"static cannot make .*: its modules are unknown"):
            text_encoder(EmbedParameters(model=str(folder), backend="static"))
    finally:
        (tmp_path / "modules.json").rename(folder / "modules.json")


@pytest.mark.realdata
@pytest.mark.slow
def test_judged_queries_by_titles(real_data, monkeypatch):
    """Titles by meaning alone: 0.49 for the model, which reads them whole."""
    monkeypatch.undo()
    with gzip.open(real_data / "icecat_search" / "products.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    table = pl.DataFrame({Products.ITEM: [row["id"] for row in rows]})
    names = {"item_id": "docid", "rating": "final_rating"}
    qrels = read_qrels(
        real_data / "icecat_search" / "judgments.csv", names, IdMap(table[Products.ITEM])
    )
    titles = [row.get("title") or "-" for row in rows]
    encoder = text_encoder(EmbedParameters(backend="static"))
    encoder.weigh(titles)
    scores = encoder.encode(list(qrels.queries)) @ encoder.encode(titles).T
    lists = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    found = [ndcg(rows, grades, 10) for rows, grades in zip(lists, qrels.grades, strict=True)]
    assert np.nanmean(found) > 0.40
