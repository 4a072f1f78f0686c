"""Files for schedulers, containers and clusters: valid, and about commands that exist."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from recsys_lib.arguments import Parser
from recsys_lib.cli.table import COMMANDS
from recsys_lib.paths import project_root

DEPLOY = project_root() / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
UNITS = sorted(p for kind in ("service", "timer") for p in DEPLOY.glob(f"systemd/*.{kind}"))
BIN = Path(sys.executable).parent
RECSYS = re.compile(r"\brecsys[, ]+(\w+)([^\]\n;&|]*)")
OPTION = re.compile(r"--[\w-]+")


def check(*command, cwd=DEPLOY):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_image_is_made_as_its_linter_likes_it():
    check(str(BIN / "hadolint"), "docker/Dockerfile")


def test_what_the_image_copies_is_there_and_not_ignored():
    text = (DEPLOY / "docker" / "Dockerfile").read_text()
    allowed = {
        line.removeprefix("!")
        for line in (project_root() / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert copied
    for name in copied:
        assert (project_root() / name).exists() and name in allowed, name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.compose-spec", "docker/compose.yaml"),
        ("vendor.github-workflows", "github/recsys.yml"),
    ],
)
def test_schemas(schema, file):
    check(str(BIN / "check-jsonschema"), "--builtin-schema", schema, file)


def test_the_files_that_compose_mounts_are_there():
    services = yaml.safe_load((DEPLOY / "docker" / "compose.yaml").read_text())["services"]
    mounts = [mount for service in services.values() for mount in service["volumes"]]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith(".")]
    assert len(files) == 4
    assert all((DEPLOY / "docker" / file).exists() for file in files)


@pytest.mark.slow
def test_manifests_of_kubernetes():
    kustomization = DEPLOY / "kubernetes" / "kustomization.yaml"
    named = yaml.safe_load(kustomization.read_text())["resources"]
    others = [path for path in MANIFESTS if path != kustomization]
    assert sorted(named) == [path.name for path in others]
    said = check(str(BIN / "kubernetes-validate"), "--strict", *map(str, others))
    assert said.count(" passed for resource ") == 6


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_units_of_systemd(tmp_path):
    """Programs are looked for, so the units are verified with the checkout's own place."""
    units = []
    for unit in UNITS:
        text = unit.read_text().replace("/srv/recommender/.venv/bin", str(BIN))
        units.append(tmp_path / unit.name)
        units[-1].write_text(text.replace("/srv/recommender", str(project_root())))
    said = check("systemd-analyze", "verify", "--man=no", *map(str, units), cwd=tmp_path)
    assert str(tmp_path) not in said, said
    assert len(UNITS) == 5


def test_commands_of_all_files_are_known():
    found = set()
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".json"]
    for path in files:
        for name, rest in RECSYS.findall(path.read_text()):
            if name in COMMANDS:
                found.add(name)
                unknown = set(OPTION.findall(rest)) - known_options(name)
                assert not unknown, (path, name, unknown)
    assert {"serve", "run", "monitor"} <= found


def known_options(name):
    parser = Parser(name, "")
    COMMANDS[name].declare(parser)
    return set(OPTION.findall(parser.format_help()))
