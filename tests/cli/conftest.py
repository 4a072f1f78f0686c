"""A shop whose lists anybody can predict, trained once, as the command line finds it."""

import pytest

from recsys_lib import registry
from recsys_lib.paths import Dataset


def _train(root):
    from tests.support.boutique import open_boutiques  # imports torch, which not every test needs

    open_boutiques(root)
    shop = Dataset.find("boutique", root)
    for version in ("als", "blend"):
        registry.publish(shop, version)


@pytest.fixture(scope="session")
def shop_root(once):
    return once("boutique of the command line", _train)


@pytest.fixture
def shop(shop_root, monkeypatch):
    """The workspace of the shop; its tests change nothing in it."""
    monkeypatch.setenv("RECSYS_HOME", str(shop_root))
    return Dataset.find("boutique")
