"""Which files of a folder belong together, and which of them are copies or parts of others."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_lib.data.formats import TextForm, first_fields, is_known
from recsys_lib.data.formats._blocks import plain_name
from recsys_lib.data.queries import is_result
from recsys_lib.errors import InputDataError

_IGNORED = ("sample.json", "sample_submission", "_", ".")
_SPARK = ("part-", "part_", "000")
_COPY = r"[ ._-]*\(\d+\)|[ ._-]+(?:copy|kopie|copie|copia)(?:[ ._-]?\d+)?"
_LESS = r"old|alt|backup|bak|small|mini|tiny|short|sample|subset|demo|tmp|temp|example|preview|head"
_SPLIT = r"train|training|valid|validation|val|test|dev|eval|holdout"
_MARK = re.compile(rf"(?:{_COPY}|[ ._-]+(?:{_LESS}|{_SPLIT}))$")
_SPLIT_MARK = re.compile(rf"[ ._-]+(?:{_SPLIT})$")
_VERSION = re.compile(r"[ ._-]+(?:new|neu|final|fixed|(?:v|ver|version)[ ._-]?\d+)$")
_COPY_OF = re.compile(r"^(?:copy|kopie|copie|copia)(?: of| von| de)? ")
_NUMBERS = re.compile(r"(?:[ ._-]*(?:part|of|to|bis|\d+)|[ ._-][a-z](?![a-z]))+$")


@dataclass(frozen=True)
class FileSet:
    """A file, or the parts that Spark and others write into one folder."""

    name: str
    files: tuple[Path, ...]

    @property
    def stem(self) -> str:
        """The name in small letters without the suffixes of compression and format."""
        return Path(plain_name(Path(self.name))).stem.lower()

    @property
    def base(self) -> str:
        """The stem without what marks a copy or a part: ``ratings`` of ``ratings_small (1)``."""
        base, before = _COPY_OF.sub("", self.stem), ""
        while base != before:
            before, base = base, _MARK.sub("", base) or base
        return base

    @property
    def is_marked(self) -> bool:
        """Whether the name says that this is a copy or a part of something."""
        return self.base != self.stem

    @property
    def is_split(self) -> bool:
        """Whether the name says that this is a part for training or a test."""
        return bool(_SPLIT_MARK.search(self.stem))

    @property
    def first(self) -> Path:
        """Its first file."""
        return self.files[0]


def file_sets(folder: Path) -> list[FileSet]:
    """The readable files of a folder, by name; of its only subfolder when it has none itself."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputDataError(
            f"cannot be read ({error.strerror}): check its permissions", file=folder
        ) from error
    entries = [path for path in entries if not path.name.startswith(_IGNORED)]
    found = [one for path in entries if (one := _file_set(path)) is not None]
    found += _partitions(entries)
    if found:
        return found
    inside = [sets for path in entries if path.is_dir() and (sets := file_sets(path))]
    return inside[0] if len(inside) == 1 else []


def matching(folder: Path, pattern: str) -> list[FileSet]:
    """The files and folders of parts that a pattern of the user fits."""
    path = Path(pattern).expanduser()
    if path.is_absolute():
        folder, pattern = path.parent, path.name
    found = []
    for one in sorted(folder.glob(pattern)):
        parts = (one,) if one.is_file() else _parts(one)
        found += [FileSet(one.name, parts)] if parts else []
    return found


def named(sets: Iterable[FileSet], pattern: str) -> list[FileSet]:
    """The sets with a name that fits, in capitals or not."""
    return [
        one
        for one in sets
        if fnmatch.fnmatchcase(one.name, pattern) or fnmatch.fnmatchcase(one.name.lower(), pattern)
    ]


def without_copies(
    sets: Sequence[FileSet], what: str, form: TextForm
) -> tuple[list[FileSet], list[str]]:
    """The sets that are to be joined, and a sentence for each that is left out.

    Raises InputDataError where names and columns do not tell parts from alternatives.
    """
    kept: list[FileSet] = []
    notes: list[str] = []
    for one in sorted(sets, key=lambda one: (one.is_marked, len(one.stem), one.name)):
        other = next((base for base in kept if _is_copy(one, base)), None)
        if other is None:
            kept.append(one)
        else:
            notes.append(
                f"{one.name} is not read: it looks like a copy or a part of {other.name}; set "
                f"etl.{what} to read other files"
            )
    for one in kept:
        if any(_is_alternative(one, other, form) for other in kept if other is not one):
            raise _question(kept, what)
    return sorted(kept, key=lambda one: one.name), notes


def _partitions(entries: Iterable[Path]) -> list[FileSet]:
    """Folders such as ``dt=2024-01-01``, all of one name together."""
    found: dict[str, list[Path]] = {}
    for path in entries:
        name, mark, _ = path.name.partition("=")
        if mark and path.is_dir() and (parts := _parts(path)):
            found.setdefault(f"{name}=*", []).extend(parts)
    return [FileSet(name, tuple(files)) for name, files in found.items()]


def _file_set(path: Path) -> FileSet | None:
    if "=" in path.name and path.is_dir():
        return None
    if path.is_file():
        return FileSet(path.name, (path,)) if is_known(path) else None
    parts = _parts(path)
    return FileSet(path.name, parts) if any(_is_part(part, path) for part in parts) else None


def _parts(folder: Path) -> tuple[Path, ...]:
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = any(name.startswith(("_", ".")) for name in path.relative_to(folder).parts)
        if path.is_file() and is_known(path) and not hidden:
            found.append(path)
    return tuple(found)


def _is_part(path: Path, folder: Path) -> bool:
    """Whether a file is named like one of many parts, or lies in a partition such as year=2024."""
    partitioned = any("=" in name for name in path.relative_to(folder).parent.parts)
    return partitioned or path.name.startswith(_SPARK) or is_known(folder)


def _is_copy(one: FileSet, other: FileSet) -> bool:
    """Whether a set repeats another one: in another format, or by its name."""
    if one.stem == other.stem or (one.is_marked and other.stem == one.base):
        return True
    return one.is_marked and not one.is_split and other.base == one.base


def _is_alternative(one: FileSet, other: FileSet, form: TextForm) -> bool:
    """Whether a name is that of another file and words that are no number, date or part."""
    if _VERSION.search(one.stem) and _VERSION.sub("", one.stem) == _VERSION.sub("", other.stem):
        return True
    if _numbered(one, other) or (one.is_split and other.is_split):
        return False
    if one.stem.startswith(other.stem):
        return True
    return first_fields(one.first, form) != first_fields(other.first, form)


def _numbered(one: FileSet, other: FileSet) -> bool:
    """Whether two names differ in numbers, dates and the word part only."""
    first, second = _NUMBERS.sub("", one.stem), _NUMBERS.sub("", other.stem)
    return re.sub(r"\d+", "0", first) == re.sub(r"\d+", "0", second)


def _question(sets: Sequence[FileSet], what: str) -> InputDataError:
    names = ", ".join(sorted(one.name for one in sets))
    return InputDataError(
        f"several files may hold the {what}: {names}. Set etl.{what} to the right one, or to a "
        "pattern that fits all that belong together",
        file=sets[0].first.parent,
    )


def usable(sets: Iterable[FileSet], test: Callable[[Path], bool]) -> list[FileSet]:
    """The sets whose first file passes a test; a file that cannot be read does not."""
    passed = []
    for one in sets:
        try:
            passed += [one] if test(one.first) else []
        except InputDataError:
            continue
    return passed


def glob_of(folder: Path, files: Sequence[Path]) -> str:
    """A name or pattern that :func:`matching` turns into exactly these files; "" for none."""
    if not files:
        return ""
    if any(is_result(path) for path in files):
        queries = {path.parent.name for path in files}
        return queries.pop() if len(queries) == 1 else ""
    for one in file_sets(folder):
        if one.files == tuple(files):
            return str(one.first.relative_to(folder)) if one.first.name == one.name else one.name
    names = [str(path.relative_to(folder)) for path in files]
    start, end = _shared_start(names), _shared_start([name[::-1] for name in names])[::-1]
    pattern = names[0] if len(names) == 1 else f"{start}*{end}"
    found = [file for one in matching(folder, pattern) for file in one.files]
    return pattern if sorted(found) == sorted(files) else ""


def _shared_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    n = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:n]
