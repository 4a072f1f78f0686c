"""Executed notebooks as safe pieces of HTML: the only module that touches nbconvert."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import bleach
import nbformat
from bleach.css_sanitizer import CSSSanitizer
from nbconvert import HTMLExporter
from nbconvert.preprocessors import Preprocessor

_BANNERS = ("papermill-error-cell-tag",)
_SHOWN_TYPES = ("text/html", "image/png", "image/jpeg", "text/markdown", "text/plain")
_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "details", "div", "em", "figure"),
    *("h1", "h2", "h3", "h4", "hr", "i", "img", "li", "ol", "p", "pre", "small", "span"),
    *("strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
    "ul",
}
_IMAGE_ATTRIBUTES = ("alt", "width", "height", "loading")
_STYLES = CSSSanitizer(allowed_css_properties=["text-align", "color", "font-weight", "width"])


def as_html(notebook: Path) -> str:
    """Prose, code and outputs of a notebook as a piece of HTML in which nothing can run."""
    body, _ = _exporter().from_notebook_node(nbformat.read(notebook, as_version=4))
    # What was rendered is cleaned, not what went in: Markdown, too, can make scripts and links.
    return clean(str(body))


def clean(text: str) -> str:
    """HTML in which nothing can run and nothing is loaded from elsewhere.

    Titles of products come from strangers. Pictures must be inside (``data:image/``).
    """
    return bleach.clean(
        text,
        tags=_TAGS,
        attributes=_is_safe,
        protocols=["http", "https", "data"],
        css_sanitizer=_STYLES,
        strip=True,
    )


class _ShownCells(Preprocessor):
    """Keeps what a page can show: no widgets, no banners, no empty cells."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        nb.cells = [
            cell
            for cell in nb.cells
            if not set(_BANNERS) & set(cell.metadata.get("tags", [])) and cell.source.strip()
        ]
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                if "data" in output:
                    shown = (kind for kind in _SHOWN_TYPES if kind in output["data"])
                    output["data"] = {kind: output["data"][kind] for kind in shown}
        return nb, resources


def _is_safe(tag: str, name: str, value: str) -> bool:
    if tag == "img":
        return name in _IMAGE_ATTRIBUTES or (name == "src" and value.startswith("data:image/"))
    if tag == "a":
        return name == "title" or (name == "href" and value.startswith(("http:", "https:", "#")))
    return name in ("class", "style", "colspan", "rowspan", "title", "open")


@cache
def _exporter() -> HTMLExporter:
    return HTMLExporter(
        template_name="basic",
        preprocessors=[_ShownCells],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
