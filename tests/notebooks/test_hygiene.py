"""The committed notebooks: clean, and in step with the models of their parameters."""

import ast
import json

import nbformat
import pytest

from recsys_lib.parameters import SECTIONS, TuneParameters
from recsys_lib.paths import project_root

NOTEBOOKS = sorted((project_root() / "notebooks").glob("*.ipynb"))
COMMON = {"dataset", "version"}


def code_cells(path):
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def parameters_of(path):
    """Names and literal values of the parameters cell."""
    (cell,) = [c for c in code_cells(path) if "parameters" in c.metadata.get("tags", [])]
    statements = ast.parse(cell.source).body
    return {s.targets[0].id: ast.literal_eval(s.value) for s in statements}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_committed_without_outputs_and_with_the_common_kernel(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(not c.outputs and c.execution_count is None for c in code_cells(path))
    assert notebook.cells[0].cell_type == "markdown"
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_stored_as_jupyterlab_saves_it(path):
    """test_jupyterlab.py holds this form against a real JupyterLab."""
    notebook = json.loads(path.read_text())
    form = {"indent": 1, "sort_keys": True, "ensure_ascii": False, "separators": (",", ": ")}
    assert path.read_text() == json.dumps(notebook, **form) + "\n"
    for cell in notebook["cells"]:
        assert cell["source"] == "".join(cell["source"]).splitlines(keepends=True)
    assert notebook["metadata"]["kernelspec"]["display_name"] == "Python 3 (ipykernel)"
    assert notebook["metadata"]["language_info"]["version"].startswith("3.11")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_short_and_parameters_are_literals(path):
    assert parameters_of(path)["dataset"] == "sample"
    assert max(len(c.source.splitlines()) for c in code_cells(path)) <= 25
    assert len(code_cells(path)) <= 18


@pytest.mark.parametrize("model", [*SECTIONS.values(), TuneParameters], ids=lambda m: m.notebook)
def test_parameters_cell_and_model_are_the_same(model):
    cell = parameters_of(project_root() / "notebooks" / f"{model.notebook}.ipynb")
    values = {key: value for key, value in cell.items() if key not in COMMON}
    assert values == model().model_dump()
    assert list(values) == list(model.model_fields)
