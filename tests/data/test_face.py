"""Which modules of data others may import, what that costs, and what decides cleaning."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

from recsys_lib import data
from recsys_lib.data import _journal

ROOT = Path(data.__file__).parent


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("recsys_lib", cache_dir=None)


def test_other_packages_import_documented_modules_only(graph):
    inside = graph.find_descendants("recsys_lib.data")
    for module in inside:
        users = graph.find_modules_that_directly_import(module) - inside
        inner = module.split(".")[2:]
        if users:
            assert inner[0] in data.__all__, (module, users)
            assert not any(name.startswith("_") for name in inner), (module, users)


def test_the_face_names_every_module_without_an_underscore():
    names = {path.stem for path in ROOT.iterdir() if not path.name.startswith(("_", "."))}
    assert set(data.__all__) == names
    assert all(f"``{name}``" in data.__doc__ for name in names)


def test_reading_results_costs_no_reader_of_raw_files():
    code = """
import sys
import recsys_lib.data.input_files
assert not {"pandas", "scipy", "matplotlib", "requests"} & set(sys.modules)
for name in [name for name in sys.modules if name.startswith("recsys_lib.data")]:
    del sys.modules[name]
import recsys_lib.data.database, recsys_lib.data.display, recsys_lib.data.interactions
import recsys_lib.data.summary
loaded = {name for name in sys.modules if name.startswith("recsys_lib.data.")}
names = ("_pictures", "database", "display", "interactions", "summary", "units")
assert loaded == {f"recsys_lib.data.{name}" for name in names}, loaded
assert "adbc_driver_sqlite" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_code_that_decides_cleaning_is_in_the_fingerprint_of_the_journal(graph):
    roots = {f"recsys_lib.data.{name}" for name in ("_journal", "cleaning.duplicates")}
    used = roots.union(*(graph.find_upstream_modules(root) for root in roots))
    deciding = {
        f"recsys_lib.data.{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}"
        for path in _journal.deciding_code()
    }
    # These decide no row: threads, and files and fields whose names are in the fingerprint.
    others = {f"recsys_lib.data.{name}" for name in ("_background", "inputs", "layouts")}
    ours = {module for module in used if module.startswith("recsys_lib.data.")}
    packages = {"recsys_lib.data.formats", "recsys_lib.data.cleaning"}
    assert ours - packages == {m for m in deciding if not m.endswith("__init__")} | others
