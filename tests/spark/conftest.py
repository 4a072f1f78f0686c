"""One standalone cluster for all tests of this folder that need one."""

import pytest


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    from tests.support.spark_cluster import running_cluster  # needs pyspark

    with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def settings(cluster):
    """Small splits, so that small files have several."""
    return {"master": cluster.master, "sql.files.maxPartitionBytes": 65_536}
