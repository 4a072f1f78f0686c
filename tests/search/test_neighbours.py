import numpy as np
import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.search._choice import (
    EXACT_BELOW,
    SCAN_BELOW,
    build_index,
    choose_index,
    choose_kind,
    index_bytes,
    looks_no_further,
)
from recsys_lib.search._index import load_index, save_index
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._on_disk import Room

KINDS = ("exact", "fast-scan", "hnsw", pytest.param("ivf-pq", marks=pytest.mark.slow))


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path, memory_mb=64)


@pytest.fixture(scope="module")
def vectors():
    """12,000 vectors around 300 centres, as texts of a shop are."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(300, 32))
    points = centres[rng.integers(300, size=12_000)] + 0.5 * rng.normal(size=(12_000, 32))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def questions(vectors):
    """400 vectors that lie farther from the products than these from each other."""
    rng = np.random.default_rng(4)
    points = vectors[rng.integers(len(vectors), size=400)] + 0.2 * rng.normal(size=(400, 32))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("n", "memory_mb", "kind"),
    [
        (1_000, 4096, "exact"),
        (EXACT_BELOW, 4096, "exact"),
        (EXACT_BELOW + 1, 4096, "fast-scan"),
        (1_000_000, 256, "fast-scan"),
        (1_000_000, 64, "ivf-pq"),
        (SCAN_BELOW + 1, 4096, "ivf-pq"),
    ],
)
def test_size_and_memory_choose(n, memory_mb, kind):
    assert choose_kind(n, 384, memory_mb) == kind


def test_bytes_are_about_those_of_the_file(vectors, tmp_path):
    for kind in ("exact", "fast-scan", "hnsw"):
        save_index(build_index(vectors, kind), tmp_path / kind)
        expected = index_bytes(kind, *vectors.shape)
        assert (tmp_path / kind).stat().st_size == pytest.approx(expected, rel=0.5), kind


@pytest.mark.parametrize("kind", KINDS)
def test_recall_of_questions_is_what_brute_force_says(vectors, questions, kind, room):
    chosen = choose_index(vectors, kind, 0.9, questions, room)
    assert list(chosen.recall) == [10, 200]
    assert min(chosen.recall.values()) >= 0.88
    for k, told in chosen.recall.items():
        shares = []
        answers = nearest(chosen.index, vectors, questions, k)
        for question, (rows, scores) in zip(questions, answers, strict=True):
            cosines = vectors @ question
            shares.append(np.isin(np.argsort(-cosines)[:k], rows).mean())
            np.testing.assert_allclose(scores, cosines[rows], atol=1e-5)
            assert (np.diff(scores) <= 1e-6).all()
        assert np.mean(shares) == pytest.approx(told, abs=0.03)  # told: of half of the questions
    assert (chosen.breadth > 0) == (kind not in {"exact", "fast-scan"})


@pytest.mark.slow
def test_products_as_questions_would_tell_too_much(vectors, questions):
    as_products = choose_index(vectors, "hnsw", 0.9, vectors[:400])
    as_questions = choose_index(vectors, "hnsw", 0.9, questions)
    assert as_products.breadth <= as_questions.breadth


def test_looking_farther_finds_more():
    """Vectors without clusters are hard to find in clusters."""
    vectors = np.random.default_rng(1).normal(size=(8_000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near, far = (choose_index(vectors, "hnsw", at, vectors[::20]) for at in (0.01, 0.99))
    assert near.breadth < far.breadth
    assert near.recall[10] < far.recall[10]


@pytest.mark.parametrize("far", [False, True])
def test_a_filter_that_the_index_does_not_know_misses_nothing(vectors, far, monkeypatch):
    monkeypatch.setattr("recsys_lib.search._neighbours._COMPARED_ONE_BY_ONE", 100)
    index = choose_index(vectors, "fast-scan", 0.9, vectors[:100]).index
    # The nearest of all products are not allowed, or every second product is.
    order = np.argsort(-(vectors @ vectors[0]))
    allowed = np.zeros(len(vectors), dtype=bool)
    allowed[order[6_000:] if far else order[::2]] = True
    ((rows, _),) = nearest(index, vectors, vectors[:1], 20, allowed)
    assert rows.tolist() == order[allowed[order]][:20].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_allowed_is_found(vectors, kind, room, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_lib.search._neighbours._COMPARED_ONE_BY_ONE", 100)
    save_index(choose_index(vectors, kind, 0.9, vectors[:100], room).index, tmp_path / "index")
    index = load_index(tmp_path / "index")
    allowed = np.zeros(len(vectors), dtype=bool)
    allowed[::3] = True
    ((rows, _),) = nearest(index, vectors, vectors[:1], 20, allowed)
    assert len(rows) == 20
    assert (rows % 3 == 0).all()
    few = np.zeros(len(vectors), dtype=bool)
    few[[5, 17]] = True
    ((rows, scores),) = nearest(index, vectors, vectors[:1], 20, few)
    assert sorted(rows) == [5, 17]
    np.testing.assert_allclose(scores, vectors[rows] @ vectors[0], atol=1e-6)
    ((rows, _),) = nearest(index, vectors, vectors[:1], 20, np.zeros(len(vectors), dtype=bool))
    assert len(rows) == 0


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_one_product_has_no_neighbour_to_miss(vectors, kind):
    chosen = choose_index(vectors[:1], kind, 0.9, vectors[:20])
    assert (chosen.kind, chosen.recall) == (kind, {10: 1.0, 200: 1.0})
    ((rows, scores),) = nearest(chosen.index, vectors[:1], vectors[:1], 5)
    assert rows.tolist() == [0]
    np.testing.assert_allclose(scores, 1, atol=1e-6)


def test_too_few_for_quantization(vectors, room):
    with pytest.raises(ParameterError, match="'ivf-pq' needs 10,240 vectors, but there are 500"):
        build_index(vectors[:500], "ivf-pq", room)
    with pytest.raises(ParameterError, match="'fast-scan' needs 640 vectors"):
        build_index(vectors[:500], "fast-scan")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_known_whether_an_index_could_look_further(vectors, questions, kind, room):
    some = vectors if kind == "ivf-pq" else vectors[:1000]
    for recall, limit in ((0.01, False), (1.01, kind != "exact")):
        chosen = choose_index(some, kind, recall, questions[:60], room)
        assert looks_no_further(kind, chosen.breadth, chosen.index.candidates) is limit
