"""Worlds that many tests share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from recsys_lib import registry
from recsys_lib.als import train_als, write_als_part
from recsys_lib.data.database import read_products
from recsys_lib.data.display import display_table
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters, EmbedParameters, EtlParameters
from recsys_lib.paths import Dataset

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace: data/, models/ and outputs/ of this test alone."""
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def real_data() -> Path:
    """The folder of real datasets; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip(f"real data is not here: {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A small sample, loaded and trained and published; for reading only."""
    from recsys_lib.search import build_search_part  # imports torch, which not every test needs

    dataset = Dataset.find("sample-1000", tmp_path_factory.mktemp("shop"))
    summary = store_dataset(load_dataset(dataset, EtlParameters()))
    interactions = Interactions.load(dataset.processed)
    products = read_products(dataset.database)
    parameters = AlsParameters(factors=16, iterations=15)
    write_als_part(
        dataset.version("v1") / "als",
        train_als(interactions, parameters),
        interactions,
        display_table(list(interactions.items.ids()), products),
        parameters=parameters,
        data_fingerprint=summary["fingerprint"],
    )
    build_search_part(
        products,
        EmbedParameters(),
        dataset.version("v1") / "search",
        summary["fingerprint"],
    )
    registry.publish(dataset, "v1")
    return dataset


@pytest.fixture(scope="session")
def shop_interactions(shop):
    return Interactions.load(shop.processed)


@pytest.fixture(scope="session")
def with_blend(shop):
    """Make a copy of the version v1 that has a blend, too."""
    from recsys_lib import Recommender  # imports torch, which not every test needs
    from recsys_lib.blend import Parts, write_blend_part

    def make(folder, learned, interactions):
        shutil.copytree(shop.version("v1"), folder)
        als = Parts.load(folder).als
        write_blend_part(folder / "blend", learned, interactions, als, data_fingerprint="x")
        return Recommender.load(folder)

    return make


@pytest.fixture(scope="session")
def evaluated(shop, with_blend, shop_interactions, tmp_path_factory):
    """The recommender of a version whose blend was learned."""
    from recsys_lib.blend import Parts, train_blend
    from recsys_lib.evaluation import leave_last_out

    parts, split = Parts.load(shop.version("v1")), leave_last_out(shop_interactions)
    learned = train_blend(split, parts, seed=0).learned
    folder = tmp_path_factory.mktemp("evaluated") / "models" / "sample-1000" / "v2"
    return with_blend(folder, learned, shop_interactions)
