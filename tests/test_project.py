"""The project's own files agree with each other."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from recsys_lib.paths import project_root

ROOT = project_root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def distributions(requirements):
    return {re.split(r"[\s<>=!~\[;]", r)[0].lower().replace("_", "-") for r in requirements}


def declared():
    extras = PROJECT["optional-dependencies"].values()
    return distributions([*PROJECT["dependencies"], *(r for extra in extras for r in extra)])


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_constraints_pin_every_dependency_exactly():
    pinned = distributions(pins())
    assert declared() <= pinned, declared() - pinned
    assert pins()["torch"] == "2.13.0"


def test_pins_are_for_every_python_that_is_supported():
    """That of Debian 12 is 3.11.2."""
    names = distributions(pins())
    for installed in metadata.distributions():
        if installed.name.lower().replace("_", "-") in names:
            supported = installed.metadata.get("Requires-Python") or ""
            assert Version("3.11.2") in SpecifierSet(supported), installed.name


def test_environment_yml_has_the_same_dependencies():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [d for d in environment["dependencies"] if isinstance(d, str)]
    (pip,) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    names = distributions(conda) | distributions(r for r in pip if not r.startswith("-"))
    assert names - {"python", "pip"} == declared()
    assert f"python{PROJECT['requires-python'].replace('>=', '=')}" in conda[0].replace(" ", "")


@pytest.mark.slow
def test_etl_and_als_do_not_import_torch():
    code = (
        "import sys, recsys_lib.data.etl, recsys_lib.als, recsys_lib.evaluation;"
        "import recsys_lib.display.tables;"
        "assert 'torch' not in sys.modules and 'sentence_transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_heavy_library_is_touched_by_one_module():
    for library in (
        "implicit",
        "faiss",
        "bm25s",
        "sentence_transformers",
        "papermill",
        "nbconvert",
        "mlflow",
        "optuna",
    ):
        importing = [
            path.name
            for path in (ROOT / "recsys_lib").rglob("*.py")
            if re.search(rf"^\s*(import|from) {library}\b", path.read_text(), re.MULTILINE)
        ]
        assert len(importing) == 1, (library, importing)
