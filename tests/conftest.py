"""Worlds that many tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    # One process per core runs already: threads of torch and BLAS would wait for each other.
    os.environ["OMP_NUM_THREADS"] = "1"

from recsys_lib import registry
from recsys_lib.als import train_als, write_als_part
from recsys_lib.data.database import read_products
from recsys_lib.data.display import display_table
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.parameters import AlsParameters, EmbedParameters, EtlParameters
from recsys_lib.paths import Dataset

# A busy machine is no fault of the code: no time limit decides a test.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

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


Once = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Have a folder filled by the first process of this test run that asks; others wait for it."""
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def once(name: str, fill: Callable[[Path], object]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def shop(once: Once) -> Dataset:
    """A small sample, loaded and trained and published; for reading only."""
    return Dataset.find("sample-1000", once("shop", _make_shop))


def _make_shop(root: Path) -> None:
    from recsys_lib.search import build_search_part  # imports torch, which not every test needs

    dataset = Dataset.find("sample-1000", root)
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
        EmbedParameters(max_tokens=16),
        dataset.version("v1") / "search",
        summary["fingerprint"],
    )
    registry.publish(dataset, "v1")


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
def evaluated(shop, with_blend, shop_interactions, once):
    """The recommender of a version whose blend was learned; for reading only."""
    from recsys_lib import Recommender
    from recsys_lib.blend import Parts, train_blend
    from recsys_lib.evaluation import leave_last_out

    def fill(root):
        parts, split = Parts.load(shop.version("v1")), leave_last_out(shop_interactions)
        learned = train_blend(split, parts, seed=0).learned
        with_blend(Dataset.find("sample-1000", root).version("v2"), learned, shop_interactions)

    return Recommender.load(Dataset.find("sample-1000", once("evaluated", fill)).version("v2"))
