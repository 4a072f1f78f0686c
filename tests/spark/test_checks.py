"""What is said, within seconds, when there is no cluster that could work."""

import time

import pytest

from recsys_lib.errors import EngineError, ParameterError
from recsys_lib.parameters import AlsSettings, EmbedParameters, EtlParameters
from recsys_lib.pipeline.settings import read_settings, read_values
from recsys_lib.spark import Cluster
from recsys_lib.spark.checks import check_installed, check_master, is_loopback


def test_java_is_missing(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="no java is on the PATH: install a runtime"):
        check_installed()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"JAVA_HOME is .* no bin/java"):
        check_installed()


def test_a_master_that_is_not_there_is_said_at_once():
    began = time.monotonic()
    with pytest.raises(EngineError, match=r"no master answers at spark://127\.0\.0\.1:1 "):
        check_master("spark://127.0.0.1:1")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("master", "said"),
    [
        ("mesos://there", "write local"),
        ("spark://host:port", "'port' is no port"),
        ("sc://host:15002", "Spark Connect"),
    ],
)
def test_no_address_of_a_master(master, said):
    with pytest.raises(ParameterError, match=said):
        check_master(master)


def test_yarn_needs_its_configuration(monkeypatch):
    monkeypatch.delenv("HADOOP_CONF_DIR", raising=False)
    monkeypatch.delenv("YARN_CONF_DIR", raising=False)
    with pytest.raises(EngineError, match="HADOOP_CONF_DIR"):
        check_master("yarn")
    monkeypatch.setenv("YARN_CONF_DIR", "/etc/hadoop")
    check_master("yarn")


def test_only_what_is_all_here_is_bound_to_loopback():
    assert is_loopback("local[*]") and is_loopback("spark://127.0.0.1:7077,localhost:7078")
    assert not is_loopback("spark://127.0.0.1:7077,far:7077") and not is_loopback("yarn")


def test_one_parameter_for_all_steps():
    words = ("engine=spark", "spark.master=local[2]", "spark.executor.memory=4g", "als.spark={}")
    sections = read_settings(assignments=words).sections
    of_all = {"master": "local[2]", "executor.memory": "4g"}
    for name, settings in (("etl", of_all), ("als", {}), ("embed", of_all)):
        assert (sections[name].engine, sections[name].spark) == ("spark", settings)
    assert read_values(read_settings(assignments=words).as_dict()).sections == sections


def test_unknown_engine_and_secret_settings_are_refused():
    with pytest.raises(ParameterError, match=r"etl\.engine.*'local' or 'spark'"):
        read_settings(assignments=["engine=flink"])
    with pytest.raises(ParameterError, match="looks like a secret"):
        read_settings(assignments=["spark.hadoop.fs.s3a.secret.key=abc"])


def test_what_a_cluster_cannot_do_is_refused():
    with pytest.raises(ValueError, match="set mode to full"):
        EtlParameters(engine="spark", mode="append")
    with pytest.raises(ValueError, match="engine spark has no warm_start"):
        AlsSettings(engine="spark", warm_start="champion")
    assert EmbedParameters(engine="spark").spark == {}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("hdfs://host/shop", "local"), "set engine to spark, or copy the files by 'recsys fetch"),
        (("/data/shop", "spark"), "is no URL"),
        (("ftp://ann:secret@host/shop", "spark"), "holds a password"),
    ],
)
def test_a_folder_elsewhere_is_checked(values, said):
    folder, engine = values
    with pytest.raises(ValueError, match=said):
        EtlParameters(spark={"folder": folder}, engine=engine)


def test_a_folder_elsewhere_is_not_the_sample():
    words = ["engine=spark", "spark.folder=abfss://files@account.dfs.core.windows.net/shop"]
    with pytest.raises(ParameterError, match="is the built-in sample: name yours"):
        read_settings(assignments=words)
    assert read_settings(assignments=[*words, "dataset=shop"]).etl.folder.endswith("/shop")


def test_the_local_engine_has_no_cluster(tmp_path):
    assert Cluster.of(EtlParameters(), tmp_path) is None
    assert Cluster.of(EtlParameters(engine="spark"), tmp_path) == Cluster({}, tmp_path)
