import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_lib.errors import ArtifactError
from recsys_lib.search._choice import _places, build_index
from recsys_lib.search._index import load_index, save_index, search_index


def unit_vectors(n, d, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 9))
def test_equals_brute_force_and_never_pads(n, k, seed):
    vectors, queries = unit_vectors(n, 8, seed), unit_vectors(3, 8, seed + 100)
    scores, rows = search_index(build_index(vectors), queries, k)
    cosines = queries @ vectors.T
    best = np.argsort(-cosines, axis=1)[:, :k]
    assert rows.shape == scores.shape == (3, min(k, n))
    assert rows.dtype == np.int64
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, np.take_along_axis(cosines, best, 1), atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(cosines, rows, 1), scores, atol=1e-6)


def test_takes_what_faiss_would_not():
    vectors = unit_vectors(20, 6)
    index = build_index(np.asfortranarray(vectors.astype(np.float64)))
    _, rows = search_index(index, vectors.astype(np.float64)[::2], 1)
    assert rows[:, 0].tolist() == list(range(0, 20, 2))


def test_dimension_mismatch_names_both():
    with pytest.raises(ValueError, match=r"5 dimensions, the index has 6"):
        search_index(build_index(unit_vectors(4, 6)), unit_vectors(1, 5), 1)


def test_refuses_what_is_no_table_of_finite_numbers():
    vectors = unit_vectors(4, 6)
    with pytest.raises(ValueError, match=r"shape \(n, d\), not \(6,\)"):
        search_index(build_index(vectors), vectors[0], 1)
    with pytest.raises(ValueError, match="k is 0"):
        search_index(build_index(vectors), vectors, 0)
    with pytest.raises(ValueError, match="no embeddings"):
        build_index(vectors[:0])
    for bad in (np.nan, np.inf):
        vectors[2, 3] = bad
        with pytest.raises(ValueError, match="row 2"):
            build_index(vectors)


def test_saved_index_gives_the_same_answers(tmp_path):
    vectors = unit_vectors(50, 7)
    save_index(build_index(vectors), tmp_path / "index.faiss")
    loaded = load_index(tmp_path / "index.faiss")
    for mine, theirs in zip(
        search_index(loaded, vectors, 5),
        search_index(build_index(vectors), vectors, 5),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_damaged_file_is_an_artifact_error(tmp_path):
    path = tmp_path / "index.faiss"
    path.write_bytes(b"no index at all")
    with pytest.raises(ArtifactError, match="cannot be read as an index"):
        load_index(path)
    with pytest.raises(ArtifactError, match="cannot be read as an index"):
        load_index(tmp_path / "absent.faiss")


def test_places_of_the_nearest_among_the_proposed():
    """Recall is counted from them; a search that finds less than was asked for fills up with -1."""
    nearest, proposed = np.array([[3, 1, 9], [7, 8, 2]]), np.array([[1, 2, 3, -1], [-1, -1, 8, 0]])
    nowhere = np.iinfo(np.int64).max
    assert _places(nearest, proposed).tolist() == [[2, 0, nowhere], [nowhere, 2, nowhere]]
