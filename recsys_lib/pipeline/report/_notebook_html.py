"""Executed notebooks as safe pieces of HTML: the only module that imports nbconvert and nh3."""

from __future__ import annotations

import re
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

import nh3

from recsys_lib.imports import NOT_FOR_NOTEBOOKS, without_modules

with without_modules(NOT_FOR_NOTEBOOKS):
    import nbformat
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import Preprocessor

_BANNERS = ("papermill-error-cell-tag",)
_MAY_FAIL = "raises-exception"
_PICTURE_TYPES = ("image/png", "image/jpeg", "image/svg+xml")
_SHOWN_TYPES = ("text/html", *_PICTURE_TYPES, "text/markdown", "text/plain")
_TAGS = """
a abbr b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
hr i img kbd li mark ol p pre small span strong sub summary sup table tbody td tfoot th thead tr ul
"""
_ATTRIBUTES = {
    "*": {"class", "style", "colspan", "rowspan", "title", "open"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "loading"},
}
_STYLES = {"text-align", "color", "font-weight", "width"}
_IMAGE = re.compile(r"<img\b[^>]*>")  # nh3 escapes < and > in texts and in attributes
_ALT = re.compile(r'\balt="([^"]*)"')


def as_html(notebook: Path) -> str:
    """Prose, code and outputs of a notebook as a piece of HTML in which nothing can run."""
    body, _ = _exporter().from_notebook_node(nbformat.read(notebook, as_version=4))
    # The rendered page is cleaned, not its sources: Markdown, too, can make scripts and links.
    return clean(str(body))


def clean(text: str) -> str:
    """HTML in which nothing can run and nothing is loaded from elsewhere.

    Product titles come from strangers. Only pictures inside the page (``data:image/``) stay, others
    become their descriptions.
    """
    cleaned = nh3.clean(
        text,
        tags=set(_TAGS.split()),
        attributes=_ATTRIBUTES,
        attribute_filter=_safe_value,
        url_schemes={"http", "https", "data"},
        filter_style_properties=_STYLES,
        link_rel=None,
    )
    return _IMAGE.sub(lambda image: _described(image[0]), cleaned)


def _safe_value(tag: str, name: str, value: str) -> str | None:
    """The value of an attribute; None to leave the attribute out."""
    if name == "src":
        return value if value.startswith("data:image/") else None
    if name == "href":
        return value if value.startswith(("http:", "https:", "#")) else None
    return value


def _described(image: str) -> str:
    """The picture, or its description if its source was left out."""
    if ' src="' in image:
        return image
    alt = _ALT.search(image)
    description = escape(unescape(alt[1]), quote=False) if alt else ""
    return f'<span class="described">{description}</span>'


class _ShownCells(Preprocessor):
    """Keeps what a page can show: no widgets, banners, empty cells, or cells that never ran."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        nb.metadata.pop("widgets", None)  # scripts need their state, and it would show as text
        cells = [cell for cell in _until_failure(nb.cells) if cell.source.strip()]
        nb.cells = [cell for cell in cells if not set(_BANNERS) & _tags(cell)]
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                if "data" in output:
                    data = output["data"]
                    output["data"] = {kind: data[kind] for kind in _SHOWN_TYPES if kind in data}
        return nb, resources


def _until_failure(cells: list[Any]) -> list[Any]:
    """The cells up to the one whose error ended the notebook."""
    for number, cell in enumerate(cells, start=1):
        kinds = {output["output_type"] for output in cell.get("outputs", [])}
        if "error" in kinds and _MAY_FAIL not in _tags(cell):
            return cells[:number]
    return cells


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


@cache
def _exporter() -> HTMLExporter:
    return HTMLExporter(
        template_name="basic",
        preprocessors=[_ShownCells],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
