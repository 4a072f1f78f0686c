"""Executed notebooks as safe pieces of HTML: the only module that touches nbconvert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter
from bleach.sanitizer import Cleaner
from nbconvert import HTMLExporter
from nbconvert.preprocessors import Preprocessor

_BANNERS = ("papermill-error-cell-tag",)
_MAY_FAIL = "raises-exception"
_PICTURE_TYPES = ("image/png", "image/jpeg", "image/svg+xml")
_SHOWN_TYPES = ("text/html", *_PICTURE_TYPES, "text/markdown", "text/plain")
_UNREADABLE = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div"),
    *("dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i"),
    *("img", "kbd", "li", "mark", "ol", "p", "pre", "small", "span", "strong", "sub", "summary"),
    *("sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
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
    cleaner = Cleaner(
        tags=_TAGS,
        attributes=_is_safe,
        protocols=["http", "https", "data"],
        css_sanitizer=_STYLES,
        filters=[_Described],
        strip=True,
    )
    return str(cleaner.clean(text))


class _Described(Filter):
    """Pictures that may not be loaded become their description."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for token in super().__iter__():
            if token.get("name") != "img" or (None, "src") in token["data"]:
                yield token
                continue
            label = {(None, "class"): "described"}
            yield {"type": "StartTag", "name": "span", "namespace": None, "data": label}
            text = unescape(token["data"].get((None, "alt"), ""))  # it is escaped when written
            yield {"type": "Characters", "data": text}
            yield {"type": "EndTag", "name": "span", "namespace": None, "data": {}}


class _ShownCells(Preprocessor):
    """Keeps what a page can show: no widgets, banners or empty cells, nothing that never ran."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        nb.metadata.pop("widgets", None)  # their state is for scripts, and would show as text
        cells = [cell for cell in _until_failure(nb.cells) if cell.source.strip()]
        nb.cells = [cell for cell in cells if not set(_BANNERS) & _tags(cell)]
        for cell in nb.cells:
            for output in cell.get("outputs", []):
                if "data" in output:
                    output["data"] = _shown(output["data"])
        return nb, resources


def _shown(data: dict[str, str]) -> dict[str, str]:
    shown = {kind: data[kind] for kind in _SHOWN_TYPES if kind in data}
    if "text/html" in shown:
        # For looks only: clean() makes scripts and styles harmless, but leaves their text.
        shown["text/html"] = _UNREADABLE.sub("", shown["text/html"])
    return shown


def _until_failure(cells: list[Any]) -> list[Any]:
    """The cells up to the one whose error ended the notebook."""
    for number, cell in enumerate(cells, start=1):
        kinds = {output["output_type"] for output in cell.get("outputs", [])}
        if "error" in kinds and _MAY_FAIL not in _tags(cell):
            return cells[:number]
    return cells


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))


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
