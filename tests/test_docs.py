"""The documents name only what exists, and the picture of the layers is the contract."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import tomllib

import pytest

import recsys_lib
from recsys_lib.paths import project_root

ROOT = project_root()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:recsys_lib|tests|notebooks|docs|benchmarks)/[\w./-]+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_exist(document):
    text = document.read_text(encoding="utf-8")
    links = [document.parent / target for target in LINK.findall(text)]
    named = [ROOT / target for target in PATH.findall(text)]
    missing = [str(path) for path in (*links, *named) if not path.exists()]
    assert not missing


def test_the_layers_in_the_document_are_those_of_the_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [c["layers"] for c in contracts["contracts"] if c["type"] == "layers"]
    contract = [set(re.findall(r"recsys_lib\.(\w+)", layer)) for layer in layers]
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    picture = text.split("There are no\ncycles.")[1].split("```")[1]
    drawn = [
        set(re.findall(r"\w+", re.split(r" {2,}", line)[0]))
        for line in picture.strip().splitlines()
    ]
    assert drawn == contract


def modules():
    found = pkgutil.walk_packages(recsys_lib.__path__, "recsys_lib.")
    return [module.name for module in found if not module.name.endswith("__main__")]


@pytest.mark.slow
def test_every_example_in_a_docstring_works():
    tried = 0
    for name in modules():
        module = importlib.import_module(name)
        failed, count = doctest.testmod(
            module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
        )
        assert not failed, f"an example in {name} fails: run python -m doctest -v on it"
        tried += count
    assert tried >= 100
