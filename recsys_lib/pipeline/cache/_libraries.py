"""Versions of the libraries that code imports, and of those that they are built on."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def library_versions(imports: Iterable[str]) -> dict[str, str]:
    """Name and version of the installed packages behind top-level imports, and of their needs.

    The standard library goes by the version of Python; a name that is not installed is left out:
    code that runs without it imports it only where it is there.
    """
    foreign = (name for name in imports if name not in sys.stdlib_module_names)
    found = {package for name in foreign for package in _packages_of(name)}
    every = found | {need for package in found for need in _needs(package)}
    versions = {package: _version(package) for package in sorted(every)}
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python, **{name: known for name, known in versions.items() if known}}


def _packages_of(name: str) -> Iterable[str]:
    """The packages behind an import: that of the same name, else those that list its files."""
    plain = _plain(name)
    return (plain,) if _version(plain) else _homes().get(name, ())


def _plain(package: str) -> str:
    """One of the ways to write the name of a package."""
    return re.sub(r"[-_.]+", "-", package).lower()


@cache
def _homes() -> Mapping[str, list[str]]:
    """Top-level import -> packages that provide it, from the list of files of each package."""
    homes: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        package = _plain(distribution.metadata["Name"])
        for name in _top_level(distribution):
            homes.setdefault(name, set()).add(package)
    return {name: sorted(packages) for name, packages in homes.items()}


def _top_level(distribution: metadata.Distribution) -> set[str]:
    named = distribution.read_text("top_level.txt")
    if named is not None:
        return set(named.split())
    listed = distribution.read_text("RECORD") or ""
    first = (line.partition(",")[0].partition("/") for line in listed.splitlines())
    return {
        head if slash else head.partition(".")[0]
        for head, slash, _ in first
        if not head.startswith(("..", "__pycache__")) and not head.endswith(".dist-info")
    }


@cache
def _needs(package: str) -> tuple[str, ...]:
    """Packages that a package always needs."""
    needs = metadata.requires(package) or []
    named = (_NAME.match(need) for need in needs if "extra ==" not in need)
    return tuple(_plain(match[0]) for match in named if match)


@cache
def _version(package: str) -> str | None:
    """The version of a package; None if it is not installed, as on another system."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
