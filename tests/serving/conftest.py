"""The small shop, evaluated: its version with the blend."""

import shutil

import pytest

from recsys_lib import Recommender
from recsys_lib.blend import Parts, learn_blend, train_sources, write_blend_part
from recsys_lib.data.interactions import Interactions
from recsys_lib.evaluation import leave_last_out


@pytest.fixture(scope="session")
def interactions(shop):
    return Interactions.load(shop.processed)


@pytest.fixture(scope="session")
def with_blend(shop):
    """Make a copy of the version v1 that has a blend, too."""

    def make(folder, learned, interactions):
        shutil.copytree(shop.version("v1"), folder)
        als = Parts.load(folder).als
        write_blend_part(folder / "blend", learned, interactions, als, data_fingerprint="x")
        return Recommender.load(folder)

    return make


@pytest.fixture(scope="session")
def evaluated(shop, with_blend, interactions, tmp_path_factory):
    """The recommender of a version whose blend was learned."""
    parts, split = Parts.load(shop.version("v1")), leave_last_out(interactions)
    sources = train_sources(split.fitting, parts.als, parts.embeddings)
    histories = parts.histories(split.fitting).take(split.validation.users)
    learned = learn_blend(sources, histories, split.validation.relevant, seed=0)
    folder = tmp_path_factory.mktemp("evaluated") / "models" / "sample-1000" / "v2"
    return with_blend(folder, learned, interactions)
