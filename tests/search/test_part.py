import json
import shutil

import numpy as np
import polars as pl
import pytest

from recsys_lib.errors import ArtifactError, InputDataError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.registry.parts import Part
from recsys_lib.search import ProductSearch, build_search_part
from recsys_lib.search._models import PACKAGED_SHA256


@pytest.fixture(scope="module")
def search(built, opened):
    return opened(built[0])


def ids_of(search, rows):
    return list(search.items.ids(rows))


def edit_manifest(folder, change):
    path = folder / "part.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_part_holds_what_the_design_says(built):
    folder, metrics = built
    part = Part.read(folder)
    tables = {"items", "texts", "facets", "codes", "lexical.words"}
    assert {"embeddings.npy", "index.faiss", *(f"{name}.parquet" for name in tables)} <= set(
        part.manifest["files"]
    )
    assert part.manifest["shapes"]["embeddings.npy"] == [5, 384]
    assert part.parameters["index_kind"] == "exact"
    assert part.manifest["metrics"]["search.index_recall@10"] == 1
    assert part.manifest["data_fingerprint"] == "data-1"
    assert part.parameters["model_sha256"] == PACKAGED_SHA256
    assert part.parameters["encoded_in"] == "float32"
    assert part.manifest["metrics"] == metrics
    items = pl.read_parquet(folder / "items.parquet")
    assert items.columns == ["id", "title", "image_url"]
    assert items["image_url"][0] == "https://shop.example/a1.jpg"


def test_products_without_text_are_counted_not_hidden(built, search):
    metrics = built[1]
    assert (metrics["search.n_products"], metrics["search.empty_texts"]) == (5, 1)
    assert metrics["search.embedding_dimension"] == search.dimension == 384
    assert "X1" not in search.items


def test_stored_vectors_are_those_of_the_texts(search, encoder):
    titles = search.display["title"].to_list()
    cosines = np.einsum("nd,nd->n", encoder.encode(titles), search.embeddings)
    assert cosines.min() > 0.9999


@pytest.mark.parametrize(
    ("query", "first_two"),
    [("laundry machine", {"A1", "A2"}), ("fridge water filter", {"B1", "B2"})],
)
def test_meaning_beats_words(search, query, first_two):
    rows, scores = search.search(query, 2, mode="semantic")
    assert set(ids_of(search, rows)) == first_two
    assert (np.diff(scores) <= 0).all()


def test_more_than_there_is(search):
    rows, _ = search.search("anything", 100, mode="semantic")
    assert sorted(rows) == list(range(5))
    rows, _ = search.similar(0, 100)
    assert sorted(rows) == [1, 2, 3, 4]


def test_similar_leaves_the_product_itself_out(search):
    for asked, nearest in [("A1", "A2"), ("A2", "A1"), ("B1", "B2"), ("B2", "B1")]:
        rows, scores = search.similar(search.items.row(asked), 1)
        assert ids_of(search, rows) == [nearest]
        expected = search.embeddings[search.items.row(asked)] @ search.embeddings[rows[0]]
        assert scores[0] == pytest.approx(expected, abs=1e-6)


def test_near_several_is_near_their_mean(search):
    given = search.items.rows(["A1", "B1"])
    rows, scores = search.near(given, 5)
    mean = search.embeddings[given].mean(axis=0)
    cosines = search.embeddings @ (mean / np.linalg.norm(mean))
    assert not set(rows) & set(given)
    np.testing.assert_allclose(scores, cosines[rows], atol=1e-6)
    assert set(ids_of(search, rows[:2])) == {"A2", "B2"}


def test_identical_texts_still_leave_the_product_out(catalogue, build):
    twins = catalogue([(f"T{n}", "the very same cup", None) for n in range(6)])
    search = ProductSearch.load(build(twins)[0])
    for row in range(6):
        rows, scores = search.similar(row, 3)
        assert row not in rows
        assert len(set(rows)) == 3
        np.testing.assert_allclose(scores, 1, atol=1e-6)


@pytest.mark.parametrize("row", [-1, 5])
def test_row_that_does_not_exist(search, row):
    with pytest.raises(IndexError, match="between 0 and 4"):
        search.similar(row, 1)


def test_bad_questions(search):
    with pytest.raises(ValueError, match="empty"):
        search.search("  ", 3)
    with pytest.raises(ValueError, match="k is 0"):
        search.search("cup", 0)
    with pytest.raises(ValueError, match="at least 1"):
        search.similar(0, 0)
    with pytest.raises(ValueError, match="at least one row"):
        search.near(np.array([], dtype=np.int64), 3)


def test_other_weights_are_refused(built, tmp_path):
    folder = shutil.copytree(built[0], tmp_path / "search")
    edit_manifest(folder, lambda m: m["parameters"].update(model_sha256="0" * 64))
    search = ProductSearch.load(folder)
    assert len(search.similar(0, 2)[0]) == 2  # needs no language model
    with pytest.raises(ArtifactError, match=r"other weights.*run the embed step again"):
        search.search("cup", 1)


def test_same_sizes_of_two_runs_are_refused(built, build, catalogue, tmp_path):
    """Index and ids of another catalogue of five products, with the sizes in the manifest."""
    other = catalogue([(f"Z{n}", f"{word} cup", None) for n, word in enumerate("abcde")])
    others = build(other, "data-1")[0]
    for name in ("index.faiss", "items.parquet"):
        folder = shutil.copytree(built[0], tmp_path / name)
        shutil.copy(others / name, folder / name)
        size = (folder / name).stat().st_size
        edit_manifest(folder, lambda m, n=name, s=size: m["files"][n].update(bytes=s))
        with pytest.raises(ArtifactError, match="not of the same run"):
            ProductSearch.load(folder)


def test_a_part_of_an_older_version_is_refused(built, tmp_path):
    folder = shutil.copytree(built[0], tmp_path / "search")
    edit_manifest(folder, lambda m: m["files"].pop("codes.parquet"))
    with pytest.raises(ArtifactError, match=r"holds no codes\.parquet.*run the embed step again"):
        ProductSearch.load(folder)


def test_files_of_two_runs_are_refused(built, tmp_path):
    folder = shutil.copytree(built[0], tmp_path / "search")
    np.save(folder / "embeddings.npy", np.load(folder / "embeddings.npy")[:4])
    with pytest.raises(ArtifactError, match="size other than recorded"):
        ProductSearch.load(folder)
    size = (folder / "embeddings.npy").stat().st_size
    edit_manifest(folder, lambda m: m["files"]["embeddings.npy"].update(bytes=size))
    with pytest.raises(ArtifactError, match="run the embed step again"):
        ProductSearch.load(folder)


def test_catalogue_without_any_text(products, tmp_path):
    blank = products.filter(pl.col("title").is_null())
    says = f"none of the {len(blank)} products has any text in title, features.*are blank there"
    for nothing, problem in ((blank, says), (blank.clear(), "no products: give a product file")):
        with pytest.raises(InputDataError, match=problem):
            build_search_part(nothing, EmbedParameters(), tmp_path / "search", "x")
    assert not (tmp_path / "search").exists()
