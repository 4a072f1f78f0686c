"""Pictures of products, in the forms in which catalogues list them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

# The names under which an object has its address, the most useful size first.
ADDRESSES = (
    "large",
    "hi_res",
    "url",
    "src",
    "href",
    "link",
    "medium",
    "image",
    "small",
    "thumb",
    "thumbnail",
)
_ACCEPTED = ("https://", "http://", "data:image/")
# Addresses may hold commas, so a mark separates two of them only where the second begins.
_BETWEEN = re.compile(r"[\s,;|]+(?=(?:https?:)?//)", re.IGNORECASE)


def usable(value: Any) -> str | None:
    """An http(s) or data:image/ address, so that no script gets into a page; null for all else.

    ``//host/path`` gets https.
    """
    if not isinstance(value, str):
        return None
    address = value.strip()
    if address.startswith("//"):
        address = f"https:{address}"
    return address if address.lower().startswith(_ACCEPTED) else None


def addresses(images: Any) -> Iterator[str]:
    """One address for each picture in a text, or in JSON of a product that was decoded."""
    for image in listed(images):
        found = (image.get(name) for name in ADDRESSES) if isinstance(image, dict) else (image,)
        address = next((url for value in found if (url := usable(value)) is not None), None)
        if address is not None:
            yield address


def listed(images: Any) -> list[Any]:
    """The pictures as a list of addresses or objects."""
    if isinstance(images, str):
        return _BETWEEN.split(images.strip())
    if isinstance(images, dict):
        columns = {name: value for name, value in images.items() if isinstance(value, list)}
        return _as_rows(columns) if columns else [images]
    return images if isinstance(images, list) else []


def decoded(text: str) -> Any:
    """JSON decoded; other text as it is."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def with_protocol(image: dict[str, Any]) -> dict[str, Any]:
    """An object in which ``//host/path`` has got https."""
    return {name: usable(value) or value for name, value in image.items()}


def _as_rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """``{"large": [a, b]}`` as ``[{"large": a}, {"large": b}]``."""
    length = max(map(len, columns.values()))
    rows = [{n: v[i] for n, v in columns.items() if i < len(v)} for i in range(length)]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]
