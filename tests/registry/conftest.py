import pytest

from recsys_lib.paths import Dataset


@pytest.fixture
def shop(workspace):
    return Dataset.find("shop")
