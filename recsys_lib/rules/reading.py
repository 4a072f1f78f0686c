"""Read a file of rules: every mistake is named with its line, its field and what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from recsys_lib.errors import ParameterError, RulesError, did_you_mean
from recsys_lib.rules.contradictions import contradictions
from recsys_lib.rules.kinds import KINDS, Context, ShopRule
from recsys_lib.yaml_text import YamlDocument

Place = tuple[str | int, ...]
"""Where something stands: a section, the position of a rule in it, a field."""
Stamps = tuple[tuple[int, int, int] | None, ...]
"""Time of the last change, number and size of files; None for one that is not there."""


def stamps(paths: Sequence[Path]) -> Stamps:
    """What changes when one of the files does."""
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            facts = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            found.append(None)
        else:
            found.append((facts.st_mtime_ns, facts.st_ino, facts.st_size))
    return tuple(found)


@dataclass(frozen=True)
class RuleFile:
    """The rules of a file, checked by themselves; whether they fit a version is not known yet.

    Parameters
    ----------
    path: the file.
    rules: in the order of the file, and the place of each.
    fingerprint: changes with the content of the file and of each file that it names; 12 hex digits.
    stamps: what the system said of these files before they were read.
    """

    path: Path
    rules: tuple[ShopRule, ...]
    places: tuple[Place, ...]
    document: YamlDocument
    fingerprint: str
    stamps: Stamps

    @classmethod
    def read(cls, path: Path) -> RuleFile:
        """Read a file.

        RulesError names each mistake, a line each; where there is one, none of the rules counts.
        """
        before = stamps([path])
        try:
            content = path.read_bytes()
            document = YamlDocument.from_text(content.decode())
        except OSError as error:
            raise RulesError(f"{path}: cannot be read ({error.strerror})") from error
        except (ParameterError, UnicodeDecodeError) as error:
            raise RulesError(f"{path}: not YAML ({error})") from error
        problems = list(_sections(document.value))
        places, rules = [], []
        for place, entry in [] if problems else _entries(document.value):
            found = _rule(place, entry)
            if isinstance(found, ShopRule):
                places.append(place)
                rules.append(found)
            else:
                problems += found
        own = [(places[at], said) for at, said in contradictions(rules)]
        if problems or own:
            raise RulesError(problem_lines(path, document, [*problems, *own]))
        named = [path.parent / rule.source for rule in rules if rule.source is not None]
        before += stamps(named)
        mark = _fingerprint(content, named)
        return cls(path, tuple(rules), tuple(places), document, mark, before)

    @property
    def files(self) -> list[Path]:
        """The file, and those that its rules name."""
        named = (rule.source for rule in self.rules)
        return [self.path, *(self.path.parent / file for file in named if file is not None)]

    def refuse(self, problems: Sequence[tuple[Place, str]]) -> RulesError:
        """The error about mistakes at some places."""
        return RulesError(problem_lines(self.path, self.document, problems))


def problem_lines(path: Path, document: YamlDocument, problems: Sequence[tuple[Place, str]]) -> str:
    """A line for each mistake: file, line, field, what is wrong and what to do."""
    lines = []
    for place, said in problems:
        field = _field(place)
        named = f", field '{field}'" if field else ""
        lines.append((document.line(place), f"{named}: {said}"))
    return "\n".join(f"{path}, line {line}{said}" for line, said in sorted(lines))


def _field(place: Place) -> str:
    """``pin[0].item``, as in messages."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _sections(value: Any) -> Iterator[tuple[Place, str]]:
    if value is None:
        return
    if not isinstance(value, dict):
        yield (), f"must hold sections with rules: {', '.join(KINDS)}"
        return
    for name, entries in value.items():
        if name not in KINDS:
            yield (name,), f"unknown kind of rule {name!r}{did_you_mean(str(name), list(KINDS))}"
        elif entries is not None and not isinstance(entries, list):
            yield (name,), "must be a list of rules, each begun by '- name: ...'"


def _entries(value: Mapping[str, Any] | None) -> Iterator[tuple[Place, Any]]:
    for kind, entries in (value or {}).items():
        for position, entry in enumerate(entries or ()):
            yield (kind, position), entry


def _rule(place: Place, entry: Any) -> ShopRule | list[tuple[Place, str]]:
    """A rule, or what is wrong with it."""
    if not isinstance(entry, dict):
        return [(place, f"must hold fields such as name, got {entry!r}")]
    model = KINDS[str(place[0])]
    try:
        return model.model_validate(entry)
    except ValidationError as error:
        return [
            (place + tuple(_known_steps(details["loc"])), _said(model, details))
            for details in error.errors()
        ]


def _known_steps(path: Sequence[str | int]) -> Iterator[str | int]:
    """The steps that the file has; pydantic adds the name of a validator or a type to some."""
    for step in path:
        if isinstance(step, str) and ("[" in step or "-" in step):
            return
        yield step


def _said(model: type[BaseModel], details: Mapping[str, Any]) -> str:
    path, kind = details["loc"], details["type"]
    if kind == "extra_forbidden":
        inner = Context if len(path) > 1 else model
        known = [info.alias or name for name, info in inner.model_fields.items()]
        return f"unknown field {path[-1]!r}{did_you_mean(str(path[-1]), known)}"
    if kind == "missing":
        return f"{path[-1]} is missing: add it"
    said = str(details["msg"]).removeprefix("Value error, ")
    given = details["input"]
    return said if isinstance(given, dict) or "write '" in said else f"{said}, got {given!r}"


def _fingerprint(content: bytes, files: Sequence[Path]) -> str:
    digest = hashlib.sha256(content)
    for file in files:
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
