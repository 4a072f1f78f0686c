"""A catalogue whose index is on the disk: built in blocks, opened anywhere, updated."""

import hashlib
import json
import shutil

import numpy as np
import polars as pl
import pytest

from recsys_lib.columns import Products
from recsys_lib.errors import ArtifactError, ParameterError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.registry.parts import Part
from recsys_lib.search import ProductSearch, _on_disk, build, build_search_part, update_search_part
from recsys_lib.search._choice import build_index
from recsys_lib.search._index import (
    load_index,
    save_index,
    search_exactly,
    search_index,
    set_breadth,
)
from recsys_lib.search._neighbours import nearest
from recsys_lib.search._on_disk import LEAST_VECTORS, Plan, Room, plan
from recsys_lib.search._questions import question_like

PARAMETERS = EmbedParameters(index="ivf-pq", index_memory_mb=64, language="none")
COLOURS, THINGS, N = 40, 60, 10_400
AT_ONCE = 3_000


class Words:
    """An encoder that adds up a fixed vector of each word, and remembers what it was given."""

    dimension, max_tokens, reads_at_most, n_encoded = 32, 64, 64, 0
    fingerprint, backend, precision, reason = "words", "torch", "float32", "a test"

    def __init__(self):
        self.sizes, self._known = [], {}

    def cut(self, text):
        return text

    def token_counts(self, texts):
        return np.array([len(text.split()) for text in texts])

    def encode(self, texts, show_progress=False, *, cache=None):
        self.sizes.append(len(texts))
        vectors = np.array([sum(map(self._word, text.split())) for text in texts])
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True) if len(texts) else 1
        return (vectors.reshape(len(texts), self.dimension) / lengths).astype(np.float32)

    def encode_query(self, query):
        return self.encode([query])[0]

    def weigh(self, texts):
        """It learns nothing from texts."""

    def save(self, folder):
        """Nor is there anything to store."""

    def _word(self, word):
        if word not in self._known:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4])
            self._known[word] = np.random.default_rng(seed).normal(size=self.dimension)
        return self._known[word]


def shop(n):
    """Products that are a colour, a thing, and a word of their own."""
    titles = [f"colour{i % COLOURS} thing{i // COLOURS % THINGS} own{i}" for i in range(n)]
    data = {column: [None] * n for column in Products.ALL}
    data[Products.ITEM], data[Products.TITLE] = [f"P{i}" for i in range(n)], titles
    return pl.DataFrame(data, schema=dict.fromkeys(Products.ALL, pl.String))


@pytest.fixture(scope="module")
def encoder():
    return Words()


@pytest.fixture(scope="module")
def built(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("big") / "search"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(build, "_ENCODED_AT_ONCE", AT_ONCE)
        build_search_part(shop(N), PARAMETERS, folder, "x", encoder=encoder)
    return folder


@pytest.fixture(scope="module")
def search(built, encoder):
    return _opened(built, encoder)


def _opened(folder, encoder):
    search = ProductSearch.load(folder)
    search._encoder = encoder
    return search


@pytest.mark.slow
def test_texts_are_encoded_in_blocks_into_half_precision(built, encoder, search):
    assert max(encoder.sizes) == AT_ONCE
    assert sum(size == AT_ONCE for size in encoder.sizes) == N // AT_ONCE
    assert search.embeddings.dtype == np.float16
    titles = search.names.to_list()
    cosines = np.einsum("nd,nd->n", encoder.encode(titles), search.embeddings)
    assert cosines.min() > 0.999
    assert {"index.faiss", "index.lists"} <= {path.name for path in built.iterdir()}


@pytest.mark.slow
def test_recall_is_what_the_part_says(built, search, encoder):
    told = Part.read(built).manifest["metrics"]
    questions = encoder.encode(question_like(search.texts.to_list(), 300))
    for depth in (10, 200):
        wanted = search_exactly(search.embeddings, questions, depth)[0][:, -1]
        stored = search._stored
        answers = nearest(stored.index, stored.embeddings, questions, depth)
        # Products with the same cosine are as good as those that exact search puts first.
        shares = [np.mean(a[1] >= w - 1e-6) for w, a in zip(wanted, answers, strict=True)]
        assert told[f"search.index_recall@{depth}"] >= 0.93
        assert np.mean(shares) == pytest.approx(told[f"search.index_recall@{depth}"], abs=0.05)
    shown = search.facts()["vector index"]
    assert shown.startswith("ivf-pq: ")
    assert "clusters looked into" in shown


@pytest.mark.slow
def test_a_copied_part_gives_the_same_answers(built, search, encoder, tmp_path):
    moved = _opened(shutil.copytree(built, tmp_path / "elsewhere"), encoder)
    for row in (0, 77, N - 1):
        for mine, theirs in zip(search.similar(row, 10), moved.similar(row, 10), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        assert search.search(search.names[row], 1, mode="semantic")[0].tolist() == [row]


@pytest.mark.slow
def test_lists_of_another_run_are_refused(built, tmp_path):
    folder = shutil.copytree(built, tmp_path / "search")
    lists = bytearray((folder / "index.lists").read_bytes())
    (folder / "index.lists").write_bytes(lists[len(lists) // 2 :] + lists[: len(lists) // 2])
    with pytest.raises(ArtifactError, match="not of the same run"):
        ProductSearch.load(folder)


@pytest.mark.slow
def test_new_products_are_found_after_an_update(built, encoder, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_lib.search.updating.encoder_of", lambda _: encoder)
    monkeypatch.setattr("recsys_lib.search.updating._COPIED_AT_ONCE", 4_000)
    more = shop(N + 5)
    assert update_search_part(built, tmp_path / "now", more, data_fingerprint="now") == 5
    old, now = Part.read(built), _opened(tmp_path / "now", encoder)
    changed = {k for k, value in now.part.parameters.items() if old.parameters[k] != value}
    assert changed == {"items_sha256"}
    assert now.embeddings.dtype == np.float16
    for row in (0, N - 1, N, N + 4):
        assert now.search(now.names[row], 1, mode="semantic")[0].tolist() == [row]


def test_blocks_and_parts_are_bounded_and_joined_in_order(tmp_path, monkeypatch):
    """Each vector of five parts is found as its own nearest one."""
    vectors = np.random.default_rng(5).normal(size=(N, 16)).astype(np.float16)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    sizes, add = [], _on_disk.add_to_lists
    monkeypatch.setattr(
        _on_disk, "add_to_lists", lambda i, g, v, n: (sizes.append(len(v)), add(i, g, v, n))
    )
    monkeypatch.setattr(_on_disk, "plan", lambda *_: Plan(90, N, block=900, part=2_500))
    made = build_index(vectors, "ivf-pq", Room(tmp_path, 64))
    assert sum(sizes) == N
    assert max(sizes) == 900
    save_index(made, tmp_path / "index.faiss")
    names = ["index.faiss", "index.lists", "index.sizes.npy"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    index = load_index(tmp_path / "index.faiss")
    assert index.shape == vectors.shape
    rows = np.arange(0, N, 500)
    answers = nearest(index, vectors, vectors[rows], 1)
    assert [int(found[0]) for found, _ in answers] == rows.tolist()
    set_breadth(index, 100)  # all lists: each row is in one, and none is missed
    found = search_index(index, vectors[:1], N)[1][0]
    assert sorted(found) == list(range(N))
    lists = tmp_path / "index.lists"
    lists.write_bytes(lists.read_bytes()[:-8])
    with pytest.raises(ArtifactError, match="not of the same run as the index"):
        load_index(tmp_path / "index.faiss")


@pytest.mark.parametrize("n", [LEAST_VECTORS, 10**6, 10**7, 10**8])
@pytest.mark.parametrize("memory_mb", [64, 1024, 4096])
@pytest.mark.parametrize("dimension", [32, 384, 768])
def test_a_plan_keeps_the_limit(n, memory_mb, dimension):
    sizes, most = plan(n, dimension, memory_mb), memory_mb << 20
    assert LEAST_VECTORS <= sizes.sample <= n
    assert 4 * dimension * sizes.sample <= most / 2
    in_lists = sizes.part * (dimension / 4 + 8)
    assert 2 * in_lists + 2 * 4 * dimension * sizes.block <= most
    assert 1 <= sizes.clusters <= sizes.sample / 39


def test_a_limit_that_is_too_small_says_what_is_needed(tmp_path):
    vectors = np.ones((LEAST_VECTORS, 384), dtype=np.float16)
    message = "embed.index_memory_mb is 8, but .*384 dimensions needs at least 30: raise it"
    with pytest.raises(ParameterError, match=message):
        build_index(vectors, "ivf-pq", Room(tmp_path, 8))
    assert plan(LEAST_VECTORS, 384, 30).sample == LEAST_VECTORS


@pytest.mark.slow
def test_a_part_of_a_kind_that_is_no_more_says_what_to_do(built, tmp_path):
    folder = shutil.copytree(built, tmp_path / "search")
    manifest = json.loads((folder / "part.json").read_text())
    manifest["parameters"]["index"] = "ivf-sq8"
    (folder / "part.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=r"does not know: run the embed step again"):
        ProductSearch.load(folder)
