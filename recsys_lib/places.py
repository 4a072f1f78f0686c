"""Which folder of raw data owns which place: a name in data/processed/ and models/.

The first folder that uses a name owns it; models/<place>/dataset.json records the owner. Another
folder with the same last name gets a place of its own, its name and a hash of its path:
``shop-kdfa``. So folders never overwrite the database or the models of each other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from anyascii import anyascii

from recsys_lib.errors import ArtifactError
from recsys_lib.files import create_json, read_json

RECORD = "dataset.json"
RAW_FOLDER = Path("data", "raw")
SAMPLE_NAME = re.compile(r"sample(-\d+)?")
"""Names of the built-in sample, whose places no other folder gets."""
SAMPLE_RECORD = "sample.json"
"""In every folder that the sample's generator wrote."""

_DIGITS_TO_LETTERS = str.maketrans("0123456789", "ghijklmnop")  # shop-2024 looks like a year


def identity(raw: Path, root: Path) -> str:
    """What a dataset is known by: the path of its raw folder.

    Inside the workspace it is relative, so that the workspace can be moved.
    """
    if raw.parent == root / RAW_FOLDER:
        return (RAW_FOLDER / raw.name).as_posix()
    resolved, base = raw.resolve(), root.resolve()
    inside = resolved.is_relative_to(base)
    return resolved.relative_to(base).as_posix() if inside else str(resolved)


def is_sample(raw: Path, root: Path) -> bool:
    """Whether the generator owns a folder: data/raw/sample or data/raw/sample-USERS.

    A folder with files of a user is not the sample, whatever its name.
    """
    if raw.parent != root / RAW_FOLDER or not SAMPLE_NAME.fullmatch(raw.name):
        return False
    return (raw / SAMPLE_RECORD).is_file() or not raw.is_dir() or not any(raw.iterdir())


def place_of(raw: Path, root: Path) -> str:
    """The place that a folder owns, or the one it would get."""
    mine, places = identity(raw, root), list(_candidates(raw, root))
    owners = {place: owner(place, root) for place in places}
    owned = next((place for place in places if owners[place] == mine), None)
    return owned or next(place for place in places if owners[place] is None)


def claim(raw: Path, root: Path) -> str:
    """Record a folder as the owner of its place, which is returned.

    When another process takes the place at this moment, the folder gets its next one.
    """
    mine = identity(raw, root)
    while True:
        place = place_of(raw, root)
        if owner(place, root) == mine or create_json(_record(place, root), {"raw": mine}):
            return place


def owner(place: str, root: Path) -> str | None:
    """The identity of the folder that owns a place; None for a free place."""
    path = _record(place, root)
    try:
        return str(read_json(path)["raw"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"{path} does not say which folder the dataset comes from: "
            "remove the file; the next run of the pipeline writes it again"
        ) from error


def known_places(root: Path) -> set[str]:
    """All places that hold something."""
    folders = (root / "models", root / "data" / "processed")
    return {path.name for folder in folders for path in folder.glob("[!.]*") if path.is_dir()}


def _record(place: str, root: Path) -> Path:
    return root / "models" / place / RECORD


def _candidates(raw: Path, root: Path) -> Iterator[str]:
    """Places for a folder, best first: its name in ASCII, then with more and more of the hash."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", anyascii(raw.name)).strip("-.")
    if plain and (is_sample(raw, root) or not SAMPLE_NAME.fullmatch(plain)):
        yield plain
    code = hashlib.sha256(identity(raw, root).encode()).hexdigest().translate(_DIGITS_TO_LETTERS)
    yield from (f"{plain or 'dataset'}-{code[:length]}" for length in (4, 8, 64))
