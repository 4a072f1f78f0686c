"""The image of the service: built, and asked over HTTP."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from recsys_lib.data.interactions import Interactions
from recsys_lib.paths import project_root
from tests.support.http_server import wait_until

PROGRAMS = ("buildah", "mmdebstrap")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
DOCKERFILE = project_root() / "deploy" / "docker" / "Dockerfile"
# A machine may reach its package index by a certificate and settings of its own.
FROM_HERE = ("/etc/ssl/certs", "/etc/pip.conf", "/etc/xdg/pip")
PYTHON = "python3,python3-venv,python-is-python3,ca-certificates"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"apt-get install {' '.join(MISSING)}"),
]


class Builder:
    """buildah with its images in a folder of its own, and no daemon."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, *arguments):
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, cwd=self.folder
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout.strip()

    def command(self, *arguments):
        return ["buildah", f"--root={self.folder / 'root'}", f"--runroot={self.folder}", *arguments]


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    """It uses gigabytes, which are removed."""
    folder = tmp_path_factory.mktemp("images")
    builder = Builder(folder)
    yield builder
    builder("rm", "--all")
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def image(builder):
    """The small image, on a base made of Debian's packages, since tests reach no registry."""
    base = re.search(r"^ARG BASE=(\S+)$", DOCKERFILE.read_text(), re.MULTILINE)[1]
    tarball = builder.folder / "base.tar"
    made = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PYTHON}", "bookworm"]
    subprocess.run([*made, tarball], check=True)
    container = builder("from", "scratch")
    builder("add", "--quiet", container, tarball, "/")
    builder("commit", "--quiet", "--rm", container, f"docker.io/library/{base}")
    (builder.folder / "uv.toml").write_text("native-tls = true\n")
    options = [f"--file={DOCKERFILE}", "--target=api", "--tag=recsys-api", "--format=docker"]
    options += [f"--volume={path}:{path}:ro" for path in FROM_HERE if Path(path).exists()]
    options += [f"--volume={builder.folder / 'uv.toml'}:/etc/uv/uv.toml:ro"]
    builder("build", "--isolation=chroot", "--pull-never", *options, str(project_root()))
    return "localhost/recsys-api"


@pytest.fixture(scope="module")
def container(builder, image, shop, tmp_path_factory):
    """Of the image, with the small shop as its volume: a function that makes a command in it."""
    data = tmp_path_factory.mktemp("data") / "data"
    shutil.copytree(shop.root, data)
    subprocess.run(["chmod", "-R", "a+rwX", data], check=True)
    name = builder("from", "--pull-never", image)
    # With this isolation the volume of the image, which is empty, would hide the one given.
    builder("config", "--volume=/data-", name)

    def command(*arguments):
        mounted = ["run", "--isolation=chroot", f"--volume={data}:/data", name, "--"]
        return builder.command(*mounted, *arguments)

    return command


@pytest.fixture(scope="module")
def client(builder, image, container):
    """The service as the image starts it, on a free port."""
    config = json.loads(builder("inspect", "--type=image", image))["Docker"]["config"]
    assert config["Healthcheck"]["Test"][0] == "CMD" and config["Volumes"] == {"/data": {}}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = container(*config["Cmd"], f"--port={port}", "--dataset=sample-1000")
    log = (builder.folder / "service.log").open("w+")
    with log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as service:
        try:
            wait_until(lambda: _answers(port) or service.poll() is not None, seconds=120)
            log.seek(0)
            assert service.poll() is None, log.read()
            address = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
                yield client
        finally:
            os.killpg(service.pid, signal.SIGTERM)


def _answers(port):
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_service_is_healthy_and_recommends(client, shop):
    assert client.get("/health").status_code == 200
    user = Interactions.load(shop.processed).users.ids([0])[0]
    answer = client.post("/matrix_factor/user", json={"user_id": user, "n": 5})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["recommendations"]) == 5


def test_it_searches_by_meaning_without_torch(client, container):
    answer = client.post("/search", json={"query": "water filter", "top_k": 3})
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["results"]) == 3
    found = run(
        container("python", "-c", "from importlib.util import find_spec as f; print(f('torch'))")
    )
    assert found.stdout.strip() == "None", found


def test_it_runs_as_a_user_without_rights(container):
    assert run(container("id", "-u")).stdout.strip() == "10001"
    assert run(container("touch", "/app/recsys_lib/written")).returncode != 0
    assert run(container("touch", "/data/written")).returncode == 0
