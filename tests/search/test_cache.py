import sqlite3

import numpy as np
import pytest

from recsys_lib.errors import ArtifactError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.search import build_search_part, text_encoder
from recsys_lib.search._cache import EmbeddingCache

TEXTS = [f"cup number {n}" for n in range(40)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "embeddings.db"


def vectors(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)


def test_what_was_put_comes_back_exactly(path):
    cache, made = EmbeddingCache(path, "model"), vectors(40)
    cache.put(TEXTS, made)
    found = EmbeddingCache(path, "model").get(["other", *TEXTS], 4)
    assert sorted(found) == list(range(1, 41))
    np.testing.assert_array_equal(np.array([found[n] for n in range(1, 41)]), made)


def test_another_recipe_knows_nothing(path):
    EmbeddingCache(path, "model bfloat16 64").put(TEXTS, vectors(40))
    for other in ("model float32 64", "model bfloat16 128", "model bfloat16 6"):
        assert EmbeddingCache(path, other).get(TEXTS, 4) == {}


def test_old_texts_are_forgotten_once_they_are_the_most(path):
    cache = EmbeddingCache(path, "model")
    cache.put(TEXTS, vectors(40))
    cache.prune(TEXTS[:20])
    assert len(cache.get(TEXTS, 4)) == 40
    cache.prune(TEXTS[:19])
    assert sorted(cache.get(TEXTS, 4)) == list(range(19))


def test_a_killed_write_leaves_nothing_half(path):
    cache = EmbeddingCache(path, "model")
    broken = (vector for vector in [*vectors(3), None])
    with pytest.raises(AttributeError):
        cache.put(TEXTS[:4], list(broken))
    assert cache.get(TEXTS, 4) == {}


def test_a_damaged_file_is_named_with_the_remedy(path):
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(ArtifactError, match=r"embeddings\.db cannot be used.*delete it"):
        EmbeddingCache(path, "model").get(TEXTS, 4)


def test_a_vector_of_another_length_is_refused(path):
    EmbeddingCache(path, "model").put(TEXTS[:1], vectors(1))
    with pytest.raises(ArtifactError, match="4 numbers"):
        EmbeddingCache(path, "model").get(TEXTS[:1], 8)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM vectors").fetchone() == (1,)


def test_a_rerun_encodes_only_what_changed(encoder, path):
    cache = encoder.cache(path)
    before = encoder.n_encoded
    first = encoder.encode(TEXTS, cache=cache)
    assert encoder.n_encoded - before == 40
    changed = ["a new teapot", *TEXTS[1:]]
    second = encoder.encode(changed, cache=cache)
    assert encoder.n_encoded - before == 41
    np.testing.assert_array_equal(first[1:], second[1:])
    np.testing.assert_allclose(second[0], encoder.encode(["a new teapot"])[0], atol=1e-6)


def test_a_run_that_is_stopped_half_way_goes_on(path, monkeypatch):
    """Batches of 10 are kept as they are made; the fourth one is interrupted."""
    monkeypatch.setattr("recsys_lib.search.encoder._STORED_AT_ONCE", 10)
    encoder = text_encoder(EmbedParameters(precision="float32", batch_tokens=10 * 6))
    original, calls = encoder._model.encode_batches, []

    def interrupted(batches):
        for made in original(batches):
            calls.append(len(made))
            if len(calls) == 4:
                raise KeyboardInterrupt
            yield made

    monkeypatch.setattr(encoder._model, "encode_batches", interrupted)
    with pytest.raises(KeyboardInterrupt):
        encoder.encode(TEXTS, cache=encoder.cache(path))
    kept = sum(calls[:3])
    assert kept >= 24
    monkeypatch.undo()
    encoder.encode(TEXTS, cache=encoder.cache(path))
    assert encoder.n_encoded == 40 - kept


def test_progress_counts_what_was_known(encoder, path, capsys):
    cache = encoder.cache(path)
    encoder.encode(TEXTS[:30], cache=cache)
    encoder.encode(TEXTS, show_progress=True, cache=cache)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("10 of 10 texts, ")
    assert line.endswith("; 30 others were in the cache")


def test_encoding_a_few_texts_forgets_no_others(encoder, path):
    cache = encoder.cache(path)
    encoder.encode(TEXTS, cache=cache)
    encoder.encode(TEXTS[:3], cache=cache)
    assert len(cache.get(TEXTS, encoder.dimension)) == 40


def test_building_forgets_texts_that_the_catalogue_lost(catalogue, encoder, path, tmp_path):
    cache = encoder.cache(path)
    encoder.encode(TEXTS, cache=cache)
    cups = catalogue([("T1", TEXTS[0], None), ("T2", TEXTS[1], None), ("T3", TEXTS[1], None)])
    parameters = EmbedParameters(precision="float32")
    metrics = build_search_part(
        cups, parameters, tmp_path / "search", "x", encoder=encoder, cache=path
    )
    assert metrics["search.texts_encoded"] == 0
    assert sorted(cache.get(TEXTS, encoder.dimension)) == [0, 1]
