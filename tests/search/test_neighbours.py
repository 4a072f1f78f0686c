import numpy as np
import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.search._index import build_index, index_bytes, is_quantized, load_index, save_index
from recsys_lib.search._neighbours import EXACT_BELOW, choose_index, choose_kind, nearest

KINDS = ("exact", "hnsw", "ivf-sq8", pytest.param("ivf-pq", marks=pytest.mark.slow))


@pytest.fixture(scope="module")
def vectors():
    """12,000 vectors around 300 centres, as texts of a shop are."""
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(300, 32))
    points = centres[rng.integers(300, size=12_000)] + 0.5 * rng.normal(size=(12_000, 32))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize(
    ("n", "memory_mb", "kind"),
    [
        (1_000, 4096, "exact"),
        (EXACT_BELOW, 4096, "exact"),
        (EXACT_BELOW + 1, 4096, "hnsw"),
        (1_000_000, 2048, "hnsw"),
        (1_000_000, 1024, "ivf-sq8"),
        (1_000_000, 256, "ivf-pq"),
    ],
)
def test_size_and_memory_choose(n, memory_mb, kind):
    assert choose_kind(n, 384, memory_mb) == kind


def test_bytes_are_about_those_of_the_file(vectors, tmp_path):
    for kind in ("exact", "hnsw", "ivf-sq8"):
        save_index(build_index(vectors, kind), tmp_path / kind)
        expected = index_bytes(kind, *vectors.shape)
        assert (tmp_path / kind).stat().st_size == pytest.approx(expected, rel=0.5), kind


@pytest.mark.parametrize("kind", KINDS)
def test_recall_is_what_brute_force_says(vectors, kind):
    chosen = choose_index(vectors, kind, recall=0.9)
    assert chosen.recall >= 0.9
    asked = np.random.default_rng(5).choice(len(vectors), 100, replace=False)
    answers = nearest(chosen.index, vectors, vectors[asked], 11)
    shares = []
    for row, (rows, scores) in zip(asked, answers, strict=True):
        cosines = vectors @ vectors[row]
        wanted = np.argsort(-cosines)[:11]
        shares.append(np.isin(wanted, rows).mean())
        np.testing.assert_allclose(scores, cosines[rows], atol=1e-5)
        assert (np.diff(scores) <= 1e-6).all()
    assert np.mean(shares) > 0.8
    assert chosen.recall == 1.0 if kind == "exact" else chosen.breadth > 0


def test_looking_farther_finds_more():
    """Vectors without clusters are hard to find in clusters."""
    vectors = np.random.default_rng(1).normal(size=(8_000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near, far = (choose_index(vectors, "ivf-sq8", recall) for recall in (0.01, 0.99))
    assert near.breadth < far.breadth
    assert near.recall < far.recall


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_is_allowed_is_found(vectors, kind, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_lib.search._neighbours._COMPARED_ONE_BY_ONE", 100)
    save_index(choose_index(vectors, kind, 0.9).index, tmp_path / "index")
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


@pytest.mark.parametrize("kind", ["exact", "hnsw", "ivf-sq8"])
def test_one_product_has_no_neighbour_to_miss(vectors, kind):
    chosen = choose_index(vectors[:1], kind, 0.9)
    assert (chosen.kind, chosen.recall) == (kind, 1.0)
    ((rows, scores),) = nearest(chosen.index, vectors[:1], vectors[:1], 5)
    assert rows.tolist() == [0]
    np.testing.assert_allclose(scores, 1, atol=1e-6)


def test_too_few_for_product_quantization(vectors):
    with pytest.raises(ParameterError, match="10,240 vectors, but there are 500"):
        build_index(vectors[:500], "ivf-pq")
    assert is_quantized(build_index(vectors[:500], "ivf-sq8"))
