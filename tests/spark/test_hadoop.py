"""Files in file systems of Hadoop: WebHDFS over the network, viewfs mounts, and file://."""

import gzip
import json
import os

import polars as pl
import pytest

from recsys_lib.data._remote import remote_fingerprints
from recsys_lib.data.etl import load_dataset
from recsys_lib.data.input_files import find_input_files
from recsys_lib.errors import InputDataError, ParameterError
from recsys_lib.parameters import EtlParameters
from recsys_lib.paths import Dataset
from recsys_lib.spark import Cluster
from tests.support.pipeline_runs import latest, run_pipeline
from tests.support.two_engines import assert_equal, loaded_twice
from tests.support.webhdfs import webhdfs

pytestmark = pytest.mark.spark


@pytest.fixture
def viewfs(settings, tmp_path):
    """Settings under which viewfs://company/shops is ``tmp_path``, and that URL."""
    mount = "hadoop.fs.viewfs.mounttable.company.link./shops"
    return {**settings, mount: tmp_path.as_uri()}, "viewfs://company/shops"


def write_shop(folder):
    """Every kind of file: split, compressed, with quoted line ends, Parquet in partitions; dirt."""
    folder.mkdir()
    lines = [
        f"u{n % 700:04d},i{n % 90:03d},{n % 5 + 1},2024-01-{n % 28 + 1:02d}" for n in range(9000)
    ]
    lines[5_000] = "u,i,much,2024-01-01"
    header = "user_id,item_id,rating,timestamp"
    (folder / "reviews-1.csv").write_text("\r\n".join([header, *lines]), newline="")
    packed = "\n".join([header, *lines[:3000], ",i,1,2024-01-01"])
    (folder / "reviews-2 [é]%20.csv.gz").write_bytes(gzip.compress(packed.encode()))
    quoted = [f'p{n},"a {n}\nb"' if n % 50 == 0 else f"p{n},c {n}" for n in range(9_000)]
    (folder / "products-1.csv").write_text("\n".join(["item_id,title", *quoted]))
    for day in ("2024-01-01", "2024-01-02"):
        part = folder / "products-2" / f"dt={day}" / "part-0.parquet"
        part.parent.mkdir(parents=True)
        titles = [f"title {n} of {day}" for n in range(50)]
        items = [f"i{n:03d}" for n in range(50)]
        pl.DataFrame({"item_id": items, "title": titles}).write_parquet(part)
    return folder


def test_all_kinds_of_files_are_read_alike(settings, tmp_path, monkeypatch):
    shop = write_shop(tmp_path / "shop")
    wishes = {"reviews": "reviews*", "products": "products*"}
    with webhdfs(tmp_path) as url:
        here, there = loaded_twice(
            str(shop), settings, tmp_path, monkeypatch, url=f"{url}/shop", **wishes
        )
    assert_equal(here, there)
    rejected = [json.loads(line) for line in (there / "rejected.jsonl").open()]
    assert [(bad["file"], bad["line"]) for bad in rejected] == [
        (f"{url}/shop/reviews-1.csv", 5_002),
        (f"{url}/shop/reviews-2 [é]%20.csv.gz", 3_002),
    ]
    summary = json.loads((there / "summary.json").read_text())
    assert summary["product_files"][0] == f"{url}/shop/products-1.csv"
    assert summary["counts"]["products"] == 9_050


def test_long_files_are_told_by_their_first_lines(tmp_path, monkeypatch):
    """Only some of 12 MB of lines come to the driver; a field that begins late is found."""
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    monkeypatch.delenv("RECSYS_FETCHED_SINCE", raising=False)  # of a run before in this process
    shop = tmp_path / "shop"
    shop.mkdir()
    with (shop / "reviews.jsonl").open("w") as out:
        for n in range(60_000):
            line = {"user_id": f"u{n % 999}", "item_id": f"i{n % 77}", "note": "n" * 120}
            out.write(json.dumps(line | ({"rating": n % 5 + 1} if n > 40_000 else {})) + "\n")
    here = find_input_files(Dataset.find(str(shop)), EtlParameters())
    parameters = EtlParameters(engine="spark", spark={"folder": shop.as_uri()})
    there = find_input_files(Dataset.find("far"), parameters)
    assert there.review_fields == here.review_fields and there.has_ratings
    (head,), (origin,) = there.reviews, there.read_origins()
    assert origin.size == (shop / "reviews.jsonl").stat().st_size > 2 * head.stat().st_size
    os.utime(shop / "reviews.jsonl", (1, 1))
    (later,) = find_input_files(Dataset.find("far"), parameters).read_origins()
    assert later != origin
    cluster = Cluster.of(parameters, tmp_path)
    with pytest.raises(InputDataError, match=r"reviews\.jsonl: changed while it was read"):
        remote_fingerprints(there, cluster, parameters.folder)


def test_a_run_needs_no_folder_of_its_own(viewfs, tmp_path, workspace):
    write_shop(tmp_path / "shop")
    settings, url = viewfs
    options = ["--set", "engine=spark", "--set", "dataset=far", "--set", f"spark.folder={url}/shop"]
    for name, value in settings.items():
        options += ["--set", f"spark.{name}={value}"]
    options += ["--set", "etl.reviews=reviews*", "--set", "etl.products=products*"]
    for expected in ("executed", "cached"):
        done = run_pipeline(workspace, "--steps", "etl", *options)
        assert done.returncode == 0, done.stderr
        assert latest(workspace)["steps"][0]["status"] == expected


@pytest.mark.parametrize(
    ("url", "error", "said"),
    [
        ("file:///nowhere/shop", InputDataError, "no such file or folder: correct spark.folder"),
        ("s3a://bucket/shop", ParameterError, r"packages to org\.apache\.hadoop:hadoop-aws:3\."),
        ("hdfs://127.0.0.1:1/shop", InputDataError, "does not answer .*Connection refused"),
    ],
)
def test_what_cannot_be_read_is_told(url, error, said, tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    with pytest.raises(error, match=said):
        find_input_files(Dataset.find("far"), EtlParameters(engine="spark", spark={"folder": url}))


def test_missing_rights_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    with webhdfs(tmp_path, forbidden="secret") as url:
        parameters = EtlParameters(engine="spark", spark={"folder": f"{url}/secret"})
        with pytest.raises(InputDataError, match=r"/secret: no rights \(AccessControlException"):
            find_input_files(Dataset.find("far"), parameters)


def test_a_damaged_file_is_named_by_its_url(settings, tmp_path, monkeypatch):
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "reviews.csv.gz").write_bytes(gzip.compress(b"user_id,item_id\n" * 90_000)[:-9])
    monkeypatch.setenv("RECSYS_HOME", str(tmp_path))
    parameters = EtlParameters(engine="spark", spark={**settings, "folder": shop.as_uri()})
    with pytest.raises(InputDataError, match=r"^file:///.*/shop/reviews\.csv\.gz: not readable as"):
        load_dataset(Dataset.find("far"), parameters)
    wrong = parameters.model_copy(update={"products": "prices*"})
    with pytest.raises(InputDataError, match=r"^file:///.*/shop/prices\*: no such file, but etl"):
        find_input_files(Dataset.find("far"), wrong)
