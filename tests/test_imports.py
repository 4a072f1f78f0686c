import importlib
import subprocess
import sys

import pytest

from recsys_lib.imports import NOT_FOR_NOTEBOOKS, without_modules


def test_a_module_is_hidden_for_a_while():
    sys.modules.pop("this", None)
    with without_modules("this"), pytest.raises(ImportError):
        importlib.import_module("this")
    assert "this" not in sys.modules


def test_a_module_that_is_imported_already_stays():
    with without_modules("sys"):
        assert sys.modules["sys"] is sys


def test_starting_a_run_builds_no_grammar_of_addresses():
    code = (
        "import sys, recsys_lib.pipeline.execution.notebook, recsys_lib.pipeline.report;"
        f"assert {NOT_FOR_NOTEBOOKS!r} not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_search_imports_nothing_slow_that_it_does_not_use():
    code = (
        "import sys, recsys_lib.search;"
        "slow = {'asyncio', 'numba', 'pandas', 'pyarrow', 'scipy.sparse', 'torch'};"
        "assert not slow & {*sys.modules}, slow & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
