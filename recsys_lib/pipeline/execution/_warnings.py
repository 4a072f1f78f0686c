"""The warnings in an executed notebook: what could not be shown, and why."""

from __future__ import annotations

from pathlib import Path

from recsys_lib.display.decoration import WARNING
from recsys_lib.files import read_json


def warnings_in(notebook: Path) -> list[str]:
    """The warnings that the cells of a notebook show, in order; [] when it was not written."""
    if not notebook.is_file():
        return []
    outputs = (out for cell in read_json(notebook)["cells"] for out in cell.get("outputs", []))
    found = (output.get("data", {}).get(WARNING) for output in outputs)
    return [f"{notebook.stem}: {warning['warning']}" for warning in found if warning]
