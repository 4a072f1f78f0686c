"""The work of the steps on a real standalone cluster, beside the same work in this process."""

import gzip
import json
import threading

import numpy as np
import polars as pl
import pytest
from pyspark import SparkContext

from recsys_lib.als import AlsModel, ExactALS, FoldIn, confidence, liked, train_als
from recsys_lib.data.etl import load_dataset, store_dataset
from recsys_lib.data.interactions import Interactions
from recsys_lib.errors import EngineError, InputDataError, ParameterError
from recsys_lib.parameters import AlsParameters, EmbedParameters, EtlParameters
from recsys_lib.paths import Dataset
from recsys_lib.ranking import MaximumInnerProduct
from recsys_lib.search import text_encoder
from recsys_lib.serving.export import FOR_USERS, Export
from recsys_lib.spark import Cluster
from tests.support.pipeline_runs import SMALL, latest, run_pipeline
from tests.support.spark_cluster import running_cluster
from tests.support.two_engines import assert_equal, loaded_twice

pytestmark = pytest.mark.spark


def test_the_dirty_sample_is_read_alike(settings, tmp_path, monkeypatch):
    here, there = loaded_twice("sample-1000", settings, tmp_path, monkeypatch)
    assert_equal(here, there)
    assert sum(1 for _ in (there / "rejected.jsonl").open()) > 0


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["ml-100k", "amazon2018_gift_cards"])
def test_real_data_are_read_alike(name, settings, real_data, tmp_path, monkeypatch):
    assert_equal(*loaded_twice(str(real_data / name), settings, tmp_path, monkeypatch))


def test_lines_keep_their_numbers_wherever_a_file_is_split(settings, tmp_path, monkeypatch):
    """Blank lines, CRLF, bad lines, a file without an end of line, quotes over lines, ISO days."""
    folder = tmp_path / "shop"
    folder.mkdir()
    lines = [
        f"user{n % 700:04d},item{n % 90:03d},{n % 5 + 1},2024-01-{n % 28 + 1:02d}"
        for n in range(12_000)
    ]
    for at, bad in ((0, ",item,1,2024-01-01"), (5_000, "u,i,much,2024-01-01"), (9_000, "")):
        lines.insert(at, bad)
    header = "user_id,item_id,rating,timestamp"
    (folder / "reviews.csv").write_text("\r\n".join([header, *lines]), newline="")
    quoted = [f'p{n},"a {n}\nb"' if n % 50 == 0 else f"p{n},c {n}" for n in range(9_000)]
    (folder / "products.csv").write_text("\n".join(["item_id,title", *quoted]))
    here, there = loaded_twice(str(folder), settings, tmp_path, monkeypatch)
    assert_equal(here, there)
    rejected = [json.loads(line) for line in (there / "rejected.jsonl").open()]
    assert [bad["line"] for bad in rejected] == [2, 5_002, 9_002]
    assert json.loads((there / "summary.json").read_text())["counts"]["products"] == 9_000


def test_a_damaged_file_is_named(settings, tmp_path, monkeypatch):
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "reviews.csv.gz").write_bytes(gzip.compress(b"user_id,item_id\n" * 90_000)[:-9])
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    parameters = EtlParameters(engine="spark", spark=settings)
    with pytest.raises(InputDataError, match=r"reviews\.csv\.gz: not readable as gzip"):
        load_dataset(Dataset.find(str(folder)), parameters)


def without_the_last(source, home, monkeypatch):
    """The interactions of a dataset but the last of each user, and these."""
    monkeypatch.setenv("RECSYS_HOME", str(home))
    dataset = Dataset.find(str(source))
    store_dataset(load_dataset(dataset, EtlParameters()))
    interactions = Interactions.load(dataset.processed)
    last = interactions.last()
    return interactions.select(~last), interactions.select(last)


def ndcg(item_factors, train, test, parameters, k=10):
    """Of the last item of each user, in lists of new items."""
    user_items = liked(confidence(train, parameters))
    model = ExactALS.from_parameters(parameters)
    fold_in = FoldIn.from_item_factors(item_factors, model.penalty)
    users = test.user
    vectors = fold_in.solve_many(user_items[users])
    lists, _ = MaximumInnerProduct.from_factors(item_factors).best(vectors, user_items[users], k)
    gains = (lists == test.item[:, None]) / np.log2(np.arange(2, k + 2))
    return float(gains.sum(axis=1).mean())


ALS = AlsParameters(
    factors=16, regularization=10.0, iterations=10, confidence="constant", alpha=10.0
)


@pytest.mark.realdata
@pytest.mark.parametrize("name", ["ml-100k", "amazon2018_games"])
def test_factors_are_as_good_as_those_of_the_local_engine(
    name, cluster, real_data, tmp_path, monkeypatch
):
    train, test = without_the_last(real_data / name, tmp_path, monkeypatch)
    here = ndcg(train_als(train, ALS).item_factors, train, test, ALS)
    place = Cluster({"master": cluster.master}, tmp_path)
    there = ndcg(train_als(train, ALS, cluster=place).item_factors, train, test, ALS)
    assert there >= 0.95 * here > 0.02, (here, there)


def test_a_training_survives_a_worker_that_is_killed(shop_interactions, tmp_path):
    parameters = AlsParameters(factors=8, iterations=15)
    with running_cluster(tmp_path) as dying:
        found = []
        place = Cluster({"master": dying.master}, tmp_path)
        training = threading.Thread(
            target=lambda: found.append(train_als(shop_interactions, parameters, cluster=place))
        )
        training.start()
        wait_for_jobs(2, training)
        dying.kill("worker-1")
        training.join(timeout=300)
    (trained,) = found
    assert np.isfinite(trained.item_factors).all()
    alone = train_als(shop_interactions, parameters)
    assert trained.losses[-1] == pytest.approx(alone.losses[-1], rel=0.05)


def wait_for_jobs(n, training):
    """Until Spark has started so many jobs."""
    while training.is_alive():
        context = SparkContext._active_spark_context
        if (
            getattr(context, "_jsc", None)
            and len(context.statusTracker().getJobIdsForGroup("als")) >= n
        ):
            return
        training.join(timeout=0.05)
    raise AssertionError("the training ended too early")


def test_a_confidence_up_to_one_is_refused(cluster, shop_interactions, tmp_path):
    place = Cluster({"master": cluster.master}, tmp_path)
    weak = AlsParameters(factors=4, alpha=0.1)
    with pytest.raises(ParameterError, match=r"raise als\.alpha, or use engine local"):
        train_als(shop_interactions, weak, cluster=place)


def test_vectors_of_executors_are_those_of_this_process(cluster, tmp_path):
    texts = [f"water filter {n} for fridges of {n % 7} years" for n in range(300)]
    parameters = EmbedParameters(max_tokens=16)
    place = Cluster({"master": cluster.master}, tmp_path)
    encoder, distributed = text_encoder(parameters), text_encoder(parameters, place)
    cache = distributed.cache(tmp_path / "vectors.db")
    vectors = distributed.encode(texts, cache=cache)
    cosines = (encoder.encode(texts) * vectors).sum(axis=1)
    assert cosines.min() > 0.99  # in int8, what else is in a batch changes the rounding
    assert len(cache.get(texts, distributed.dimension)) == len(texts)


def test_an_export_has_the_same_lists(cluster, shop, tmp_path):
    options = {"n": 5, "dataset": shop, "version": "v1"}
    (here,) = Export.from_version(**options, out=tmp_path / "here").run("users")
    spark = {"master": cluster.master}
    (there,) = Export.from_version(**options, out=tmp_path / "there", spark=spark).run("users")
    one, other = pl.read_parquet(here), pl.read_parquet(there)
    assert one.drop("score").equals(other.drop("score"))
    assert np.allclose(one["score"], other["score"], atol=1e-5)
    assert [path.name for path in (tmp_path / "there").iterdir()] == [FOR_USERS]


def test_executors_without_this_python_are_told(cluster, tmp_path):
    settings = {"master": cluster.master, "pyspark.python": "/nowhere/python"}
    with (
        pytest.raises(EngineError, match=r"cannot run Python .*each needs /nowhere/python"),
        Cluster(settings, tmp_path).session("test"),
    ):
        pass


def test_the_sample_runs_with_the_same_report(cluster, workspace):
    on_cluster = ("--set", "engine=spark", "--set", f"spark.master={cluster.master}")
    records = {}
    for name, options in (("here", ()), ("there", on_cluster)):
        done = run_pipeline(workspace, *SMALL, *options, "--run-id", name, "--jobs", "1")
        assert done.returncode == 0, done.stderr
        records[name] = latest(workspace)
    here, there = records["here"], records["there"]
    assert [s["status"] for s in there["steps"]] == ["executed"] * len(here["steps"])
    assert metrics_of(here, "etl.") == metrics_of(there, "etl.")
    assert metrics_of(here).keys() == metrics_of(there).keys()
    assert (workspace / "outputs" / "there" / "report.html").is_file()
    model = AlsModel.load(workspace / "models" / "sample-1000" / "there" / "als")
    assert model.recommend(0, 5)[0].shape == (5,)


def metrics_of(record, prefix=""):
    return {k: v for s in record["steps"] for k, v in s["metrics"].items() if k.startswith(prefix)}
