import math
from collections import Counter

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_lib.errors import ArtifactError
from recsys_lib.search._counts import CountedBM25, WordCounts
from recsys_lib.search._lexical import LexicalIndex
from recsys_lib.search._words import Speller, Tokenizer

TITLES = [
    "Refrigerator water filter",
    "Refrigerator door gasket",
    "Washer drain pump WP-2187172",
    "Washer belt 8-inch",
    "Refrigerator crisper drawer",
]
ENGLISH = Tokenizer("english")


BUILT = LexicalIndex.from_texts({"title": TITLES}, {"title": 1}, ENGLISH)


@pytest.fixture(scope="module")
def index():
    return BUILT


def best(index, query):
    return int(np.argmax(index.scores(query)))


def test_bm25_by_hand():
    """Lucene's formula: idf * tf / (tf + k1 * (1 - b + b * length / mean length))."""
    texts = ["cup", "cup cup plate", "fork"]
    index = LexicalIndex.from_texts({"title": texts}, {"title": 1}, Tokenizer("none"))
    idf, mean = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5)), 5 / 3
    expected = [
        idf * tf / (tf + 1.2 * (1 - 0.5 + 0.5 * length / mean)) for tf, length in ((1, 1), (2, 3))
    ]
    np.testing.assert_allclose(index.scores("cup"), [*expected, 0], rtol=1e-5)


def test_a_word_of_a_weighty_field_counts_more():
    texts = {"title": ["cup", "plate"], "description": ["plate", "cup"]}
    index = LexicalIndex.from_texts(texts, {"title": 3, "description": 1}, ENGLISH)
    scores = index.scores("cup")
    assert scores[0] > scores[1] > 0


@pytest.mark.parametrize(
    ("query", "row"),
    [("wp2187172", 2), ("WP-2187172", 2), ("8 inch", 3), ('8"', 3), ("drawers", 4)],
)
def test_codes_and_sizes_are_found(index, query, row):
    assert best(index, query) == row


@pytest.mark.parametrize("typo", ["refrigertor", "refridgerator", "refrigeartor", "rafrigarator"])
def test_slips_are_forgiven(index, typo):
    assert index.words(typo) == ["refriger"]
    assert (index.scores(typo) > 0).tolist() == [True, True, False, False, True]


@pytest.mark.parametrize("unknown", ["zebra", "wp2187173", "wsh", ""])
def test_what_is_too_far_or_a_number_is_not_guessed(index, unknown):
    assert index.words(unknown) == []
    assert not index.scores(unknown).any()


def test_the_speller_takes_the_nearest_then_the_most_frequent():
    speller = Speller([("refigerator", 1), ("refrigerator", 9)])
    assert speller.corrected("refigerater") == "refrigerator", "one with n = 1 may be a typo"
    assert Speller([("filter", 2), ("filler", 7)]).corrected("fil1er") is None
    assert Speller([("filter", 2), ("filler", 7)]).corrected("filzer") == "filler"


def test_a_long_question_stays_cheap(index):
    assert len(index.words(" ".join(f"pump belt{n}" for n in range(10_000)))) <= 64


def test_equal_scores_are_ordered_by_row():
    index = LexicalIndex.from_texts({"title": ["cup", "fork", "cup", "cup"]}, {"title": 1}, ENGLISH)
    assert index.best("cup", 2)[0].tolist() == [0, 2]
    assert index.best("cup", 9)[0].tolist() == [0, 2, 3], "a fork is no cup"
    allowed = np.array([False, True, True, True])
    rows, scores = index.best("cup", 9, allowed)
    assert rows.tolist() == [2, 3]
    assert scores.tolist() == index.scores("cup")[rows].tolist()


def test_saved_index_gives_the_same_scores(index, tmp_path):
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path, ENGLISH, len(TITLES))
    for query in (*TITLES, "refrigertor", "zebra"):
        np.testing.assert_array_equal(loaded.scores(query), index.scores(query))
    (tmp_path / "lexical.data.npy").write_bytes(b"no array")
    with pytest.raises(ArtifactError, match="run the embed step again"):
        LexicalIndex.load(tmp_path, ENGLISH, len(TITLES))


def test_products_without_any_word():
    index = LexicalIndex.from_texts({"title": ["", "!!"]}, {"title": 1}, ENGLISH)
    assert index.scores("cup").tolist() == [0, 0]


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_question_has_finite_scores(query):
    scores = BUILT.scores(query)
    assert scores.shape == (len(TITLES),)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()


def test_counts_are_scored_as_bm25s_scores_lists():
    """All numbers are the same, whether words are counted in arrays or product by product."""
    words = [f"w{number}" for number in range(30)]
    rng = np.random.default_rng(1)
    drawn = [" ".join(rng.choice(words, rng.integers(9))) for _ in range(80)]
    texts = {"title": drawn[:40], "store": ["", *drawn[40:46] * 6, "w1", "w1", "new"]}
    counts = WordCounts.of(texts, {"title": 3, "store": 1}, Tokenizer("none"))
    lists = [
        [counts.vocab[word] for word in (3 * title.split() + store.split())]
        for title, store in zip(*texts.values(), strict=True)
    ]
    ours, theirs = (kind(k1=1.2, b=0.5, method="lucene") for kind in (CountedBM25, bm25s.BM25))
    ours.index(counts, create_empty_token=False, show_progress=False)
    theirs.index((lists, counts.vocab), create_empty_token=False, show_progress=False)
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(ours.scores[part], theirs.scores[part])
    bags = [{*text.split()} for column in texts.values() for text in column]
    assert counts.texts_with == Counter(word for bag in bags for word in bag)
