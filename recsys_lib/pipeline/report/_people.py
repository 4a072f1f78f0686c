"""People whom the version serves, as the report shows them: pictures, titles and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_lib.files import read_json
from recsys_lib.pipeline.runs.record import EXAMPLES

_STARS = 5
_EMBEDDED = "data:image/"


@dataclass(frozen=True)
class Tile:
    """A product with its picture; ``note`` is a date with stars, or the reason for it."""

    title: str
    picture: str
    note: str


@dataclass(frozen=True)
class Example:
    """Somebody, or a query, with what the version answers."""

    name: str
    before: str
    history: list[Tile]
    answer: str
    items: list[Tile]


def examples_of(folder: Path) -> list[Example]:
    """Those that the run has kept; none of a run that has none."""
    try:
        stored = read_json(folder / EXAMPLES)
    except FileNotFoundError:
        return []
    people = [_person(person) for person in stored["people"]]
    return people + [_search(search) for search in stored["searches"]]


def _person(person: Mapping[str, Any]) -> Example:
    n, shown = person["n_items"], len(person["history"])
    newest = f", the newest {shown}" if shown < n else ""
    return Example(
        name=person["user_id"],
        before=f"took {n:,} item{'s'[: n - 1]}{newest}",
        history=[_tile(item, _when(item)) for item in person["history"]],
        answer="is recommended",
        items=[_tile(item, item["reason"] or "") for item in person["recommendations"]],
    )


def _search(search: Mapping[str, Any]) -> Example:
    items = [_tile(item, "") for item in search["results"]]
    return Example(f"“{search['query']}”", "", [], "finds", items)


def _tile(item: Mapping[str, Any], note: str) -> Tile:
    """Only a picture that lies in the data itself is shown: the report loads nothing."""
    picture = item["image_url"] or ""
    shown = picture if picture.startswith(_EMBEDDED) else ""
    return Tile(item["title"] or item["item_id"], shown, note)


def _when(item: Mapping[str, Any]) -> str:
    rating = item["rating"]
    whole = rating is not None and 1 <= rating <= _STARS
    stars = "★" * round(rating) + "☆" * (_STARS - round(rating)) if whole else ""
    return " ".join(part for part in (item["date"] or "", stars) if part)
