"""A shop whose lists anybody can predict, with and without a blend."""

import pytest


@pytest.fixture(scope="session")
def boutiques(tmp_path_factory):
    from tests.support.boutique import open_boutiques  # imports torch, which not every test needs

    return open_boutiques(tmp_path_factory.mktemp("boutique"))


@pytest.fixture(params=["als", "blend"])
def boutique(request, boutiques):
    return boutiques[request.param]
