"""A search part with new products: that of a full build, but for what was chosen before."""

import numpy as np
import pytest

from recsys_lib.data.database import read_products
from recsys_lib.errors import ArtifactError
from recsys_lib.parameters import EmbedParameters
from recsys_lib.registry.parts import Part
from recsys_lib.search import ProductSearch, build_search_part, update_search_part

PARAMETERS = EmbedParameters(max_tokens=16)


@pytest.fixture(scope="module")
def products(shop):
    return read_products(shop.database).head(60)


@pytest.fixture(scope="module")
def before(products, tmp_path_factory):
    """Without two products: one in between, and the last one."""
    folder = tmp_path_factory.mktemp("search") / "before"
    kept = [row for row in range(len(products)) if row not in (7, len(products) - 1)]
    build_search_part(products[kept], PARAMETERS, folder, "before")
    return folder


def test_new_products_are_found_as_after_a_full_build(before, products, tmp_path):
    cache = tmp_path / "embeddings.db"
    made = update_search_part(
        before, tmp_path / "now", products, data_fingerprint="now", cache=cache
    )
    build_search_part(products, PARAMETERS, tmp_path / "whole", "now")
    now, whole = (ProductSearch.load(tmp_path / name) for name in ("now", "whole"))
    assert made == 2
    assert now.items == whole.items
    assert now.embeddings == pytest.approx(whole.embeddings, abs=0.02)
    for row in (0, 7, len(products) - 1):
        title = now.names[row]
        assert row in now.search(title, 5)[0]
        assert np.array_equal(
            now.search(title, 5, mode="lexical")[0], whole.search(title, 5, mode="lexical")[0]
        )


def test_what_was_chosen_from_the_catalogue_stays(before, products, tmp_path):
    update_search_part(before, tmp_path / "now", products, data_fingerprint="now")
    old, new = Part.read(before), Part.read(tmp_path / "now")
    changed = {key for key in old.parameters if old.parameters[key] != new.parameters[key]}
    assert changed == {"items_sha256"}
    assert new.manifest["metrics"]["search.n_products"] == len(products)


def test_texts_that_are_known_need_no_encoder(before, products, tmp_path, monkeypatch):
    monkeypatch.setattr("recsys_lib.search.updating.encoder_of", _no_encoder)
    fewer = products.filter(products["parent_asin"].is_in(ProductSearch.load(before).items.ids()))
    assert update_search_part(before, tmp_path / "now", fewer, data_fingerprint="now") == 0


def _no_encoder(_):
    raise AssertionError("it is loaded")


def test_another_model_is_refused(before, products, tmp_path, monkeypatch):
    class Other:
        fingerprint = "other"

    monkeypatch.setattr("recsys_lib.search._queries.text_encoder", lambda *_, **__: Other())
    with pytest.raises(ArtifactError, match="other weights"):
        update_search_part(before, tmp_path / "now", products, data_fingerprint="now")
