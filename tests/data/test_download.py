"""Downloads from a local server that misbehaves in every way."""

import errno
import gzip
import hashlib
import io
import os
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from recsys_lib.cli import main
from recsys_lib.data.download import download
from recsys_lib.data.download._fetch import Fetch, Patience
from recsys_lib.errors import InputDataError, ParameterError, StorageError

HASTE = Patience(connect=2, read=1, tries=4, pause=0.01)
CHUNK = 1 << 16
BODY = gzip.compress(os.urandom(300_000))


@dataclass
class Site:
    """What the server has, and how it behaves; ``served`` are the bytes it sent for each path."""

    address: str = ""
    files: dict = field(default_factory=dict)
    cut_after: list = field(default_factory=list)  # bytes after which an answer ends, in turn
    failures: list = field(default_factory=list)  # status codes to answer first
    ranges: bool = True
    tag: str = '"one"'
    kind: str = "application/octet-stream"
    length: bool = True
    hang: bool = False
    served: list = field(default_factory=list)
    asked: list = field(default_factory=list)


@pytest.fixture
def site():
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            state.asked.append((self.path, self.headers.get("Range")))
            if state.failures:
                self.send_error(state.failures.pop(0))
                return
            body = state.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            self.answer(body)

        def answer(self, body):
            wanted = self.headers.get("Range")
            same = self.headers.get("If-Range") == state.tag
            start = int(wanted[6:-1]) if wanted and same and state.ranges else 0
            if start > len(body):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Type", state.kind)
            self.send_header("ETag", state.tag)
            if state.length:
                self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            if state.hang:
                threading.Event().wait(3)
                return
            part = body[start:]
            if state.cut_after:
                part = part[: state.cut_after.pop(0)]
            self.wfile.write(part)
            state.served.append(len(part))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(site, tmp_path):
    """Fetch BODY from the site; returns the target."""
    site.files["/file.gz"] = BODY

    def run(name="file.gz", **options):
        target = tmp_path / name
        Fetch(f"{site.address}/file.gz", target, patience=HASTE, **options).run()
        return target

    return run


def test_a_file_comes_whole_and_leaves_nothing_else(fetch, tmp_path):
    seen = []
    assert fetch(on_bytes=lambda done, total: seen.append((done, total))).read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["file.gz"]
    assert seen[-1] == (len(BODY), len(BODY))


def test_cut_connections_are_gone_on_with(site, fetch):
    site.cut_after = [2 * CHUNK, CHUNK]
    assert fetch().read_bytes() == BODY
    assert site.served == [2 * CHUNK, CHUNK, len(BODY) - 3 * CHUNK]
    assert [wanted for _, wanted in site.asked] == [
        None,
        f"bytes={2 * CHUNK}-",
        f"bytes={3 * CHUNK}-",
    ]


def test_the_next_start_goes_on_where_the_last_one_broke_off(site, fetch, tmp_path):
    site.cut_after = [CHUNK, 0, 0, 0]
    with pytest.raises(InputDataError, match=r"failed 4 times.*run it again to resume"):
        fetch()
    assert not (tmp_path / "file.gz").exists()
    assert (tmp_path / "file.gz.part").stat().st_size == CHUNK
    assert fetch().read_bytes() == BODY
    assert site.served[-1] == len(BODY) - CHUNK


@pytest.mark.parametrize("change", ["new version", "no ranges", "no tag"])
def test_a_part_that_does_not_fit_is_started_over(site, fetch, change):
    site.cut_after = [CHUNK, 0, 0, 0]
    if change == "no tag":
        site.tag = ""
    with pytest.raises(InputDataError):
        fetch()
    if change == "new version":
        site.files["/file.gz"], site.tag = gzip.compress(b"new"), '"two"'
    elif change == "no ranges":
        site.ranges = False
    assert fetch().read_bytes() == site.files["/file.gz"]


def test_a_part_longer_than_the_file_is_thrown_away(site, fetch, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(b"x" * (len(BODY) + 5))
    (tmp_path / "file.gz.part.json").write_text('{"version": "\\"one\\""}')
    assert fetch().read_bytes() == BODY


def test_servers_that_are_busy_are_asked_again(site, fetch):
    site.failures = [503, 500]
    assert fetch().read_bytes() == BODY
    assert len(site.asked) == 3


def test_a_server_without_lengths(site, fetch):
    site.length = False
    assert fetch().read_bytes() == BODY


@pytest.mark.parametrize(
    ("setup", "says"),
    [
        ({"failures": [404]}, "answered 404 .*is the address right"),
        ({"failures": [403]}, "answered 403"),
        ({"failures": [500] * 9}, "failed 4 times"),
        ({"kind": "text/html; charset=utf-8"}, "a web page instead of the file"),
        ({"files": {"/file.gz": b"plain text"}}, "no .gz file"),
        ({"files": {"/file.gz": b""}}, "no .gz file"),
        pytest.param({"hang": True}, "failed 4 times", marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_had_is_said_and_not_there(site, fetch, tmp_path, setup, says):
    for name, value in setup.items():
        setattr(site, name, value)
    with pytest.raises(InputDataError, match=says) as caught:
        fetch()
    assert "/file.gz" in str(caught.value)
    assert not (tmp_path / "file.gz").exists()


def test_nobody_answers(tmp_path):
    with pytest.raises(InputDataError, match="failed 4 times"):
        Fetch("http://127.0.0.1:9/file.gz", tmp_path / "file.gz", patience=HASTE).run()


def test_a_wrong_checksum_throws_the_file_away(fetch, tmp_path):
    with pytest.raises(InputDataError, match=f"{'0' * 32} is published"):
        fetch(md5="0" * 32)
    assert list(tmp_path.iterdir()) == []
    assert fetch(md5=hashlib.md5(BODY).hexdigest()).read_bytes() == BODY


def test_a_full_disk_keeps_the_part(fetch, tmp_path):
    def full(done, total):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(StorageError, match=r"No space left.*make room"):
        fetch(on_bytes=full)
    assert (tmp_path / "file.gz.part").is_file()


def test_a_proxy_is_taken_from_the_environment(site, tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", site.address)
    monkeypatch.delenv("NO_PROXY", raising=False)
    site.files["http://far.away.invalid/file.gz"] = BODY
    target = tmp_path / "file.gz"
    Fetch("http://far.away.invalid/file.gz", target, patience=HASTE).run()
    assert target.read_bytes() == BODY


def amazon(site):
    reviews, meta = gzip.compress(b'{"a": 1}\n'), gzip.compress(b'{"b": 1}\n')
    site.files["/review_categories/Gift_Cards.jsonl.gz"] = reviews
    site.files["/meta_categories/meta_Gift_Cards.jsonl.gz"] = meta
    return reviews, meta


def test_a_category_of_amazon(site, workspace, capsys, monkeypatch):
    reviews, meta = amazon(site)
    monkeypatch.setenv("RECSYS_DOWNLOAD_URL", site.address)
    assert main(["download", "amazon2023:Gift_Cards"]) == 0
    folder = workspace / "data" / "raw" / "Gift_Cards"
    assert (folder / "reviews.jsonl.gz").read_bytes() == reviews
    assert (folder / "meta.jsonl.gz").read_bytes() == meta
    assert [p.name for p in folder.parent.iterdir()] == ["Gift_Cards"]
    assert "--set dataset=Gift_Cards" in capsys.readouterr().out
    assert main(["download", "amazon2023:Gift_Cards"]) == 0
    assert "exists already" in capsys.readouterr().out
    assert len(site.asked) == 2
    assert main(["download", "amazon2023:Gift_Cards", "--force", "--quiet"]) == 0
    assert len(site.asked) == 4


def test_half_a_dataset_is_not_there_and_is_gone_on_with(site, workspace):
    amazon(site)
    meta = site.files.pop("/meta_categories/meta_Gift_Cards.jsonl.gz")
    with pytest.raises(InputDataError, match="404"):
        download("amazon2023:Gift_Cards", base_url=site.address, patience=HASTE)
    assert not (workspace / "data/raw/Gift_Cards").exists()
    site.files["/meta_categories/meta_Gift_Cards.jsonl.gz"] = meta
    download("amazon2023:Gift_Cards", base_url=site.address, patience=HASTE)
    asked = [path for path, _ in site.asked]
    assert asked.count("/review_categories/Gift_Cards.jsonl.gz") == 1


def archive(**files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return packed.getvalue()


def test_movielens_is_checked_and_unpacked(site, workspace):
    data = archive(**{"ml-100k/u.data": "1\t2\t3\t4\n", "ml-100k/README": "hello"})
    site.files["/ml-100k.zip"] = data
    site.files["/ml-100k.zip.md5"] = f"MD5 (ml-100k.zip) = {'0' * 32}\n".encode()
    with pytest.raises(InputDataError, match="its MD5 is"):
        download("movielens:100k", base_url=site.address, patience=HASTE)
    site.files["/ml-100k.zip.md5"] = f"{hashlib.md5(data).hexdigest()}  ml-100k.zip\n".encode()
    folder = download("movielens:100k", base_url=site.address, patience=HASTE)
    assert folder == workspace / "data/raw/ml-100k"
    assert (folder / "u.data").read_text() == "1\t2\t3\t4\n"


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "ml/../../evil"])
def test_names_that_lead_out_of_the_folder_are_refused(site, workspace, name):
    site.files["/ml-1m.zip"] = archive(**{"ml-1m/ratings.dat": "x", name: "evil"})
    with pytest.raises(InputDataError, match="leads out of the folder"):
        download("movielens:1m", base_url=site.address, patience=HASTE)
    assert not list(workspace.rglob("evil"))
    assert not (workspace / "data/raw/ml-1m").exists()


def test_a_damaged_archive_is_named(site, workspace):
    site.files["/ml-1m.zip"] = archive(**{"ml-1m/ratings.dat": "x" * 500})[:80]
    with pytest.raises(InputDataError, match=r"ml-1m\.zip: not readable as zip"):
        download("movielens:1m", base_url=site.address, patience=HASTE)


def test_an_unknown_dataset(workspace):
    with pytest.raises(ParameterError, match="did you mean 'amazon2023:Gift_Cards'"):
        download("amazon2023:Gift_Card")
