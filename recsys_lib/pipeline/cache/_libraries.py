"""Versions of the libraries that code imports, and of those that they are built on."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from functools import cache
from importlib import metadata

from recsys_lib.pipeline.runs.installed import installed_version, requirements

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
    return (plain,) if _version(plain) else _owners(name)


def _plain(package: str) -> str:
    """One of the ways to write the name of a package."""
    return re.sub(r"[-_.]+", "-", package).lower()


@cache
def _owners(name: str) -> list[str]:
    """The packages whose list of files has an import of this name."""
    marks = (f"\n{name}/", f"\n{name}.")
    return [
        _plain(distribution.metadata["Name"])
        for distribution, listed in _files_of_packages()
        if any(mark in listed for mark in marks)
    ]


@cache
def _files_of_packages() -> list[tuple[metadata.Distribution, str]]:
    found = metadata.distributions()
    return [(one, f"\n{one.read_text('RECORD') or ''}") for one in found]


@cache
def _needs(package: str) -> tuple[str, ...]:
    """Packages that a package always needs."""
    named = (_NAME.match(need) for need in requirements(package) if "extra ==" not in need)
    return tuple(_plain(match[0]) for match in named if match)


@cache
def _version(package: str) -> str | None:
    """The version of a package; None if it is not installed, as on another system."""
    try:
        return installed_version(package)
    except metadata.PackageNotFoundError:
        return None
