"""A small shop with everything, and its explorer."""

import pytest

from recsys_lib import Recommender


@pytest.fixture(scope="session")
def served(shop, evaluated):
    """A version with all parts, and the database of its dataset; for reading only."""
    parts = evaluated.als, evaluated.product_search
    return Recommender(shop, *parts, version="v1", blend=evaluated.blend)


@pytest.fixture(scope="module")
def person(served):
    """Somebody with a history of six products or so."""
    from recsys_lib.widgets.suggestions import example_people

    return example_people(served, 1)[0]


@pytest.fixture
def explorer(served):
    from recsys_lib.widgets import Explorer

    return Explorer(served, background=False)
