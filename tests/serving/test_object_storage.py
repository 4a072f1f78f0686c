"""Datasets and versions to and from object storage: in memory, and an S3 server on loopback."""

import json
import os
import socket
import subprocess
import sys
import uuid

import pyarrow as pa
import pytest
import requests

from recsys_lib import registry
from recsys_lib.cli import main
from recsys_lib.data.objects import Store, fetch_dataset
from recsys_lib.errors import ArtifactError, InputDataError, ParameterError
from recsys_lib.paths import Dataset
from recsys_lib.serving.export.object_storage import pull_version, push_version
from tests.support.http_server import wait_until
from tests.support.versions import write_part

MOTO = "moto[server]==5.2.5"


@pytest.fixture
def shop(workspace):
    return published(Dataset.find("shop"), "v1")


@pytest.fixture
def url():
    return f"memory://{uuid.uuid4().hex}"


@pytest.fixture
def elsewhere(tmp_path):
    return Dataset.find("shop", tmp_path / "elsewhere")


def published(shop, version):
    write_part(shop, version, "als", version)
    registry.publish(shop, version)
    run = shop.root / "outputs" / version
    run.mkdir(parents=True)
    (run / "report.html").write_text("<p>report")
    return shop


def contents(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def folder_url(path, **files):
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text)
    return path.as_uri()


def pushed_and_pulled(shop, elsewhere, url):
    sent = push_version(url, shop)
    assert sent[-1] == "v1/manifest.json"
    assert "outputs/v1/report.html" in sent
    assert push_version(url, shop) == []
    assert pull_version(url, elsewhere) == "v1"
    assert contents(elsewhere.version("v1")) == contents(shop.version("v1"))
    registry.promote(elsewhere, "v1")
    assert registry.require_champion(elsewhere) == elsewhere.version("v1")


def test_a_version_comes_back_as_it_was_pushed(shop, elsewhere, url):
    pushed_and_pulled(shop, elsewhere, url)
    assert pull_version(url, elsewhere) == "v1"
    assert Store(url).read_text("shop/outputs/v1/report.html") == "<p>report"


def test_the_version_pushed_last_is_pulled_or_another_by_name(shop, elsewhere, url):
    push_version(url, shop)
    push_version(url, published(shop, "v2"))
    assert pull_version(url, elsewhere) == "v2"
    assert pull_version(url, elsewhere, "v1") == "v1"
    with pytest.raises(InputDataError, match="there is no version 'v3' of dataset 'shop': push it"):
        pull_version(url, elsewhere, "v3")


@pytest.mark.parametrize("after", range(4))
def test_a_push_that_broke_off_is_seen_by_nobody(shop, elsewhere, url, after, monkeypatch):
    push_version(url, shop)
    published(shop, "v2")
    send, left = Store.send, iter(range(after))

    def breaks(store, source, name):
        if next(left, None) is None:
            raise InputDataError("the storage does not answer", file=store.url)
        send(store, source, name)

    with monkeypatch.context() as patch, pytest.raises(InputDataError):
        patch.setattr(Store, "send", breaks)
        push_version(url, shop)
    assert pull_version(url, elsewhere) == "v1"
    with pytest.raises(InputDataError, match="there is no version 'v2'"):
        pull_version(url, elsewhere, "v2")
    push_version(url, shop)
    assert pull_version(url, elsewhere) == "v2"


def test_a_damaged_version_is_neither_pushed_nor_pulled(shop, elsewhere, url):
    push_version(url, shop)
    Store(url).write_text("shop/v1/als/array.npy", "damaged")
    with pytest.raises(ArtifactError, match=r"memory://.*/shop/v1/als/array.npy is damaged"):
        pull_version(url, elsewhere)
    assert registry.published_versions(elsewhere) == []
    assert not list(elsewhere.models.glob("*v1*"))
    (shop.version("v1") / "als" / "array.npy").write_bytes(b"damaged")
    with pytest.raises(ArtifactError, match="damaged"):
        push_version(f"{url}/other", shop)
    assert not Store(f"{url}/other").exists("shop/champion.json")


def test_a_version_is_never_replaced_by_another_of_its_name(shop, elsewhere, url):
    write_part(elsewhere, "v1", "als", "another")
    registry.publish(elsewhere, "v1")
    push_version(url, elsewhere)
    with pytest.raises(ArtifactError, match="is of another version of this name"):
        push_version(url, shop)


def test_a_manifest_cannot_write_outside_of_the_version(shop, elsewhere, url):
    manifest = registry.read_manifest(shop.version("v1"))
    manifest["files"]["../../evil"] = {"bytes": 1, "sha256": "0"}
    push_version(url, shop)
    Store(url).write_text("shop/v1/manifest.json", json.dumps(manifest))
    with pytest.raises(InputDataError, match="leads out of the folder"):
        pull_version(url, elsewhere)


def test_only_files_that_changed_are_fetched(workspace, tmp_path):
    url = folder_url(tmp_path / "bucket", reviews="user,item\n", items="item\n")
    assert fetch_dataset(url, "shop").fetched == ["items.csv", "reviews.csv"]
    (tmp_path / "bucket" / "items.csv").unlink()
    folder_url(tmp_path / "bucket", reviews="user,item,rating\n")
    done = fetch_dataset(url, "shop")
    assert (done.fetched, done.unchanged, done.gone) == (["reviews.csv"], [], ["items.csv"])
    assert (done.folder / "reviews.csv").read_text() == "user,item,rating\n"
    assert (done.folder / "items.csv").read_text() == "item\n"
    (done.folder / "reviews.csv").unlink()
    assert fetch_dataset(url, "shop").fetched == ["reviews.csv"]
    assert fetch_dataset(url, "shop").unchanged == ["reviews.csv"]


def test_a_fetch_that_broke_off_goes_on(workspace, tmp_path, monkeypatch):
    url = folder_url(tmp_path / "bucket", a="1", b="2")
    folder = fetch_dataset(url, "shop").folder
    folder_url(tmp_path / "bucket", a="one", b="two")
    receive = Store.receive

    def breaks(store, place, target):
        if place.endswith("b.csv"):
            target.write_text("ha")
            raise InputDataError("the storage does not answer", file=store.url)
        receive(store, place, target)

    with monkeypatch.context() as patch, pytest.raises(InputDataError):
        patch.setattr(Store, "receive", breaks)
        fetch_dataset(url, "shop")
    assert {path.name: path.read_text() for path in folder.glob("*.csv")} == {
        "a.csv": "one",
        "b.csv": "2",
    }
    assert fetch_dataset(url, "shop").fetched == ["b.csv"]


def test_files_that_come_from_elsewhere_are_left_alone(workspace, tmp_path):
    url = folder_url(tmp_path / "bucket", a="1")
    mine = workspace / "data" / "raw" / "shop"
    mine.mkdir(parents=True)
    (mine / "a.csv").write_text("mine")
    with pytest.raises(ParameterError, match="has files that were not fetched: choose another"):
        fetch_dataset(url, "shop")
    fetch_dataset(url, "other")
    with pytest.raises(ParameterError, match="was fetched from file:"):
        fetch_dataset(folder_url(tmp_path / "second", a="2"), "other")
    with pytest.raises(ParameterError, match="cannot be called 'sample'"):
        fetch_dataset(url, "sample")
    assert (mine / "a.csv").read_text() == "mine"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("bucket/shop", "is no URL: write one such as s3://bucket/folder"),
        ("s3://me:hunter2@bucket/shop", "the URL holds a secret"),
        ("s3://bucket/shop?secret_key=hunter2", "the URL holds a secret"),
        ("nothing://bucket/shop", "no package for nothing://"),
    ],
)
def test_a_bad_url_is_a_sentence_without_its_secret(workspace, capsys, url, why):
    assert main(["fetch", url, "shop"]) == 2
    said = capsys.readouterr().err
    assert why in said
    assert "hunter2" not in said


def test_a_missing_folder_is_a_sentence(workspace, tmp_path, capsys):
    assert main(["fetch", (tmp_path / "none").as_uri(), "shop"]) == 3
    assert "no such bucket, folder or file: correct the URL" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (pa.ArrowException("AuthenticationException: no token for the account"), "no rights"),
        (
            OSError("Could not create a OAuth2 access token to authenticate the request"),
            "no rights",
        ),
        (OSError("Couldn't resolve host name"), "the storage does not answer"),
    ],
)
def test_what_a_cloud_says_is_a_sentence(workspace, tmp_path, capsys, monkeypatch, error, why):
    def fail(self):
        with self._failures():
            raise error

    monkeypatch.setattr(Store, "files", fail)
    assert main(["fetch", tmp_path.as_uri(), "shop"]) == 3
    assert f"{tmp_path.as_uri()}: {why}" in capsys.readouterr().err


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """Query of URLs on a real S3 server; its libraries do not mix with those of the project."""
    home = tmp_path_factory.mktemp("s3")
    subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)
    pip = [home / "venv" / "bin" / "pip", "install", "-q", "--no-compile", MOTO]
    subprocess.run(pip, check=True, env={**os.environ, "PIP_CONSTRAINT": ""})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [home / "venv" / "bin" / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), 60)
        yield f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.slow
def test_a_real_s3_server(s3, shop, elsewhere, monkeypatch, capsys):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    address = f"http://{s3.partition('endpoint_override=')[2].partition('&')[0]}"
    assert requests.put(f"{address}/bucket", timeout=10).ok
    pushed_and_pulled(shop, elsewhere, f"s3://bucket/models{s3}")
    assert requests.put(f"{address}/bucket/raw/day/a.csv", data="1", timeout=10).ok
    assert main(["fetch", f"s3://bucket/raw{s3}", "orders"]) == 0
    assert main(["fetch", f"s3://bucket/raw{s3}", "orders"]) == 0
    assert "0 files fetched, 1 unchanged" in capsys.readouterr().out
    assert main(["push", f"s3://nowhere/models{s3}", "--dataset", "shop"]) == 3
    assert "no such bucket, folder or file: correct the URL" in capsys.readouterr().err
    requests.post(f"{address}/moto-api/reset-auth", data="0", timeout=10)  # rights are checked now
    for command in (["fetch", f"s3://bucket/raw{s3}", "orders"], ["push", f"s3://bucket/m{s3}"]):
        assert main([*command, *(["--dataset", "shop"] if command[0] == "push" else [])]) == 3
        said = capsys.readouterr().err
        assert "no rights: check the credentials in the environment" in said
        assert "hunter2" not in said
    folder = Dataset.find("orders").raw
    assert (folder / "day" / "a.csv").read_text() == "1"
