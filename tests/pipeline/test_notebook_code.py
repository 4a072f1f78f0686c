"""What counts as the code of a notebook: Python after IPython's translation, without comments."""

import nbformat
import pytest

from recsys_lib.errors import ParameterError
from recsys_lib.pipeline.cache.code import check_notebook, code_of


@pytest.fixture
def notebook(tmp_path):
    """Write a notebook with these code cells after its parameters; returns its path."""

    def write(*cells):
        v4, path = nbformat.v4, tmp_path / "01.ipynb"
        parameters = v4.new_code_cell("dataset = ''", metadata={"tags": ["parameters"]})
        nbformat.write(v4.new_notebook(cells=[parameters, *map(v4.new_code_cell, cells)]), path)
        return path

    return write


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline",
        "!pip list",
        "files = !ls",
        "%time x = 1",
        "%%time\nx = 1",
        "%%bash\necho $HOME | wc -c",
        "print?",
        "await thing()",
    ],
)
def test_cells_of_ipython_are_accepted(notebook, cell):
    check_notebook(notebook(cell))


@pytest.mark.parametrize("cell", ["import yaml", "%%time\nimport yaml", "%time import yaml"])
def test_imports_in_magics_count(notebook, cell):
    assert "yaml" in code_of(notebook(cell)).imports


def test_an_error_in_a_cell_is_said_with_its_place(notebook):
    with pytest.raises(ParameterError, match=r"01\.ipynb, cell 3, line 2: invalid syntax"):
        check_notebook(notebook("x = 1", "y = 2\nfor in z:"))


def test_comments_and_empty_lines_are_no_code(notebook):
    plain = code_of(notebook("x = 1\nx + 1")).digest
    assert code_of(notebook("# the start\nx = 1\n\nx + 1  # the end")).digest == plain
    assert code_of(notebook("x = 2\nx + 1")).digest != plain
    assert code_of(notebook("%time x = 1")).digest != code_of(notebook("%time x = 2")).digest
